"""The scanner of quantities finds what abstracts say, whole, and nothing inside names."""

from __future__ import annotations

import pytest

from extractor.grounding import NumberMention, numbers


def quantities(text: str) -> list[tuple[float, float | None, str | None]]:
    return [(each.value, each.value_max, each.unit) for each in numbers(text)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("up to 11.1times", 11.1, "x"),
        ("$3.2\\times$", 3.2, "x"),
        ("16.4$\\times$", 16.4, "x"),
        ("$>1.3\\times$", 1.3, "x"),
        ("\\textbf{3.2}$\\times$", 3.2, "x"),
        ("nearly **40x faster**", 40, "x"),
        ("3.2 × faster", 3.2, "x"),
        ("2xfaster", 2, "x"),
        ("a 4 xspeed-up", 4, "x"),
        ("23X faster", 23, "x"),
        ("two orders of magnitude", 100, "x"),
        ("3 orders of magnitude", 1000, "x"),
        ("an order of magnitude", 10, "x"),
        ("order-of-magnitude speed-ups", 10, "x"),
        ("twice as fast", 2, "x"),
        ("thrice as fast", 3, "x"),
        ("half the time", 2, "x"),
        ("half of the processing time", 2, "x"),
        ("a third of the latency", 3, "x"),
        ("1/10th of the time", 10, "x"),
        ("halves the latency", 2, "x"),
        ("cuts the time in half", 2, "x"),
        ("double the speed", 2, "x"),
        ("doubles the throughput", 2, "x"),
        ("tripling the rate", 3, "x"),
        ("tenfold", 10, "x"),
        ("\ufb01vefold", 5, "x"),
        ("10-fold", 10, "x"),
        ("four times faster", 4, "x"),
        ("twenty-five times faster", 25, "x"),
        ("one hundred and twenty times", 120, "x"),
        ("two thousand five hundred times", 2500, "x"),
        ("达到5倍加速", 5, "x"),
        ("three and a half times", 3.5, "x"),
        ("a factor of 4", 4, "x"),
        ("a factor of more than ten", 10, "x"),
        ("a speedup of 5.2 over it", 5.2, "x"),
        ("runs x4 faster", 4, "x"),  # the sign before the number
        ("is fast (x4 faster than before)", 4, "x"),
        ("$\\times 5$ lower latency", 5, "x"),
        ("up to $\\approx2\\times$ faster", 2, "x"),
        ("2.3 faster convergence", 2.3, "x"),  # the sign lost
        ("47$ imes$ faster", 47, "x"),
        ("three orders faster", 1000, "x"),
        ("more than double system throughput", 2, "x"),
        ("1.98\\(\\times\\) speedup", 1.98, "x"),
        ("3 faster methods", 3, None),  # counts them
        ("1,000 times", 1000, "x"),
        ("1{,}000$\\times$", 1000, "x"),
        ("$10^{3}\\times$", 1000, "x"),
        ("1.5k×", 1500, "x"),
        ("４．５倍", 4.5, "x"),
        ("35 percent", 35, "%"),
        ("35 per cent", 35, "%"),
        ("39.3\\%", 39.3, "%"),
        ("20 %", 20, "%"),
        ("50％", 50, "%"),
        ("(+94%)", 94, "%"),
        ("3×10^5 samples", 300000, None),
        ("1e-3", 0.001, None),
        ("10⁻³", 0.001, None),
        (" .5 of it", 0.5, None),
        ("3,2 Mal", 3.2, None),
        ("7B parameters", 7_000_000_000, None),
        ("3 million images", 3_000_000, None),
        ("80GB", 80, None),
        ("five percentage points", 5, None),
        ("5-fold cross-validation", 5, None),
        ("a speedup of 5 ms", 5, None),
        ("8x A100", 8, None),
        ("8xH100", 8, None),
        ("3-layer", 3, None),
    ],
)
def test_a_quantity_is_read(text: str, value: float, unit: str | None) -> None:
    assert quantities(text) == [(value, None, unit)]


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("4.45 - 5.64x", 4.45, 5.64, "x"),
        ("1.24- 2.01x", 1.24, 2.01, "x"),
        ("10x-20x", 10, 20, "x"),
        ("4--27 times", 4, 27, "x"),
        ("180–2500 times", 180, 2500, "x"),
        ("2x to 5x", 2, 5, "x"),
        ("1.62 × to 2.36 ×", 1.62, 2.36, "x"),
        ("$2.45\\times \\sim 3.60 \\times$", 2.45, 3.6, "x"),
        ("between 2 and 5x", 2, 5, "x"),
        ("from two to three times", 2, 3, "x"),
        ("2- to 3-fold", 2, 3, "x"),
        ("a factor of 3.5 to 5", 3.5, 5, "x"),
        ("1–2 orders of magnitude", 10, 100, "x"),
        ("two to seven orders of magnitude", 100, 10**7, "x"),
        ("3.41 4.60 times", 3.41, 4.6, "x"),
        ("15~30x", 15, 30, "x"),
        ("$23.4\\sim27.8\\times$", 23.4, 27.8, "x"),
        ("7-21%", 7, 21, "%"),
        ("2–5 million", 2_000_000, 5_000_000, None),
    ],
)
def test_a_range_has_two_ends(text: str, low: float, high: float, unit: str | None) -> None:
    assert quantities(text) == [(low, high, unit)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50%/62%", [(50, None, "%"), (62, None, "%")]),
        ("398×, 833× and 23.6×", [(398, None, "x"), (833, None, "x"), (23.6, None, "x")]),
        ("2, 4, and 8x", [(2, None, "x"), (4, None, "x"), (8, None, "x")]),
        ("one or two orders of magnitude", [(10, None, "x"), (100, None, "x")]),
        ("32% and 20x", [(32, None, "%"), (20, None, "x")]),
        ("from 50% to 20%", [(50, None, "%"), (20, None, "%")]),
        ("in 2020, 30% less", [(2020, None, None), (30, None, "%")]),
        ("ResNet 50 2x", [(50, None, None), (2, None, "x")]),
        ("41\\times 92.5\\times", [(41, None, "x"), (92.5, None, "x")]),
        ("224×336", [(224, None, None), (336, None, None)]),
        ("1.67x and 1.26-1.88x", [(1.67, None, "x"), (1.26, 1.88, "x")]),
    ],
)
def test_neighbours_stay_apart(
    text: str, expected: list[tuple[float, float | None, str | None]]
) -> None:
    assert quantities(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A100", "2D", "3-D", "v2", "Llama-2", "GPT-3.5", "ResNet-50", "CIFAR-10/100", "top-5",
        "k^2-k", "E$^2$-RAG", "x_2", "$x^{10}$", "1.2.3", "https://a.org/foo/2x", "double-blind",
        "twice-differentiable", "several orders of magnitude",
        "of the same order of magnitude", "hundreds of times", "our contribution is twofold.",
        "1e400", "9" * 500, "someone often wanted attention", "",
    ],
)  # fmt: skip
def test_digits_in_names_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("text", "up_to"),
    [
        ("up to 3x", [True]),
        ("up to a 40 times speed-up", [True]),
        ("as much as 1.6x", [True]),
        ("at most 5%", [True]),
        ("(up to 20 % faster)", [True]),
        ("up to more than 5 times", [True]),
        ("speedup of a factor up to 6x", [True]),
        ("up to $2.1\\times$", [True]),
        ("up to an order of magnitude", [True]),
        ("up to 1.77x and 2.87x higher", [True, True]),
        ("up to 18x on a V100 GPU and 12.8x on a phone", [True, True]),
        ("up to 3x faster. It needs 20x less", [True, False]),
        ("up to 2x higher throughput, 5x lower latency, and 3x more", [True, True, True]),
        ("nearly 3x", [False]),
        ("3x, up to 5x", [False, True]),
    ],
)
def test_up_to_is_heard(text: str, up_to: list[bool]) -> None:
    assert [each.up_to for each in numbers(text)] == up_to


def test_a_mention_has_its_spans_in_the_text() -> None:
    text = "It is up to 2.5x to 4× faster."
    (mention,) = numbers(text)

    assert mention == NumberMention(
        2.5, 4, "x", 12, 22, up_to=True, value_span=(12, 15), value_max_span=(20, 21)
    )
    assert text[mention.start : mention.end] == "2.5x to 4×"


@pytest.mark.parametrize("text", ["in more than double precision", "layer x4 of it"])
def test_other_uses_of_the_words_of_a_multiple_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


def test_numbers_listed_behind_the_words_of_a_multiple_are_multiples_too() -> None:
    listed = "speedups of 22.5 and 12.7 on two machines", "by factors of 16 and 12, respectively"
    for text in listed:
        assert [unit for _, _, unit in quantities(text)][:2] == ["x", "x"]
    assert quantities("a speedup of 3 and 5 ms") == [(3, None, "x"), (5, None, None)]


def test_words_that_say_the_unit_first_are_part_of_the_mention() -> None:
    text = "faster by a factor of about 10 here"
    (mention,) = numbers(text)

    assert text[mention.start : mention.end] == "factor of about 10"
    assert text[slice(*mention.value_span)] == "10"


def test_a_scaled_number_says_two_values_unless_it_has_a_unit() -> None:
    assert [each.also for each in numbers("7B; 2.5 million; 3k×")] == [(7,), (2.5,), ()]


def test_a_minus_sign_is_seen() -> None:
    assert [each.negative for each in numbers("-5 dB, −3 and 2-4")] == [True, True, False]


@pytest.mark.parametrize(
    "text", ["5.7x over an Intel Xeon Gold 6248 and 2.9x over it", "a ResNet 50 and 3x faster"]
)
def test_the_number_of_a_name_takes_no_unit_from_what_follows(text: str) -> None:
    assert [m.value for m in numbers(text) if m.unit is None] in ([6248], [50])
