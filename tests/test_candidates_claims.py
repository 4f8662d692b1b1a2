"""What a speed-up claim says besides its number, read off sentences of many shapes."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from extractor.candidates.claims import SpeedupClaim, read_claim
from extractor.candidates.classifier import ScoredQuantity
from extractor.candidates.document import Document
from extractor.candidates.spans import find_quantities
from extractor.grounding import numbers


def claims(abstract: str, title: str = "A Title") -> tuple[str, list[SpeedupClaim]]:
    document = Document(title, abstract)
    quantities = find_quantities(document)
    read = [read_claim(document, ScoredQuantity(m, offset, 1.0)) for offset, m in quantities]
    return document.text, read


def one(abstract: str) -> tuple[str, SpeedupClaim]:
    text, (claim,) = claims(abstract)
    return text, claim


def quote(abstract: str) -> str:
    text, claim = one(abstract)
    return text[slice(*claim.quote)]


def baseline(abstract: str) -> str | None:
    text, claim = one(abstract)
    return text[slice(*claim.baseline)] if claim.baseline else None


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("Rook is 3x faster than Heron.", "3x faster"),  # the word of speed behind the number
        ("Latency drops by 40%.", "Latency drops by 40%"),  # before it
        ("Throughput rises by 2x to 4x here.", "Throughput rises by 2x to 4x"),
        ("A speedup of 5x for it.", "speedup of 5x"),
        ("It is an order of magnitude faster.", "an order of magnitude faster"),
        ("It gains 5x; the latency is as before.", "5x"),  # not over a semicolon
        ("It gains 5x.", "5x"),  # no word of speed at all
    ],
)
def test_the_quote_goes_from_the_number_to_the_nearest_word_of_speed(
    abstract: str, expected: str
) -> None:
    assert quote(abstract) == expected


def test_a_word_of_speed_far_away_is_not_quoted() -> None:
    far = "word " * 25
    assert quote(f"The latency {far} falls by 40% {far} latency.") == "40%"


@pytest.mark.parametrize(
    ("abstract", "kind"),
    [
        ("Throughput is 3x higher.", "throughput"),
        ("Latency falls by 30%.", "latency"),
        ("It converges 3 times faster.", "convergence"),
        ("Training is 3x faster.", "training"),
        ("Fine-tuning takes 30% less time.", "training"),
        ("Decoding is twice as fast.", "inference"),
        ("At test time it is 3x faster.", "inference"),
        ("It is 3x faster.", "runtime"),
        ("Training is hard, but inference is 3x faster.", "inference"),  # the nearest one
        ("It is 3x faster in training.", "training"),  # behind the number
        ("Training is 3x faster at higher latency.", "latency"),  # before it counts as farther
    ],
)
def test_the_kind_is_what_the_sentence_says_nearest_to_the_number(abstract: str, kind: str) -> None:
    assert one(abstract)[1].kind == kind


def test_the_kind_of_the_quote_beats_a_nearer_word() -> None:
    assert one("In training, throughput rises by 2x.")[1].kind == "throughput"


def test_the_kind_is_read_in_the_sentence_of_the_number_alone() -> None:
    assert one("Training is hard. It is 3x faster. Inference is slow.")[1].kind == "runtime"


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("Rook is 3x faster than Heron.", "Heron"),
        ("Rook is 3x faster than the best kernel on GPUs.", "the best kernel"),
        ("Rook is 3x faster than even the best kernel on GPUs.", "the best kernel"),
        ("Rook is 3x faster than Heron using extensive experiments.", "Heron"),
        ("A speedup of 3x over Heron-2, without loss.", "Heron-2"),
        ("Latency falls by 30% compared to Heron while quality holds.", "Heron"),
        ("It is 3x faster than that of Heron.", "Heron"),
        ("It is 3x faster relative to Heron (v2) and cheap.", "Heron"),
        ("Compared with Heron, latency drops by 40%.", "Heron"),  # before the number
        ("We outperform Heron with a 2x speedup.", "Heron"),
        ("It is 3x faster than solutions such as Heron.", "solutions"),
        ("It is 3x faster than FPGA-based ones.", "FPGA-based ones"),
        ("It is 10x faster than several datasets.", None),  # what it is measured on
        ("It is 2x faster over 10 tasks.", None),
        ("It is 2x faster.", None),
    ],
)
def test_the_baseline_follows_a_word_of_comparison(abstract: str, expected: str | None) -> None:
    assert baseline(abstract) == expected


@pytest.mark.parametrize(
    ("abstract", "up_to"),
    [
        ("It is up to 3x faster.", True),
        ("It is as much as 3x faster.", True),
        ("It takes at most 30% of the time.", True),
        ("It is up to by 3x faster.", True),
        ("It is 3x faster.", False),
        ("It is nearly 3x faster.", False),
    ],
)
def test_up_to_is_read(abstract: str, up_to: bool) -> None:
    assert one(abstract)[1].up_to is up_to


def test_up_to_covers_the_numbers_conjoined_behind_it() -> None:
    _, read = claims("It has up to 2x higher throughput, 5x lower latency, and 3x faster starts.")
    assert [each.up_to for each in read] == [True, True, True]


@pytest.mark.parametrize(
    ("abstract", "value", "value_max", "unit"),
    [
        ("It is 3.5x faster.", 3.5, None, "x"),
        ("It is 2x to 4x faster.", 2, 4, "x"),
        ("It is 30–40% faster.", 30, 40, "%"),
        ("It is twice as fast.", 2, None, "x"),
        ("It is two orders of magnitude faster.", 100, None, "x"),
    ],
)
def test_value_range_and_unit_are_those_of_the_number(
    abstract: str, value: float, value_max: float | None, unit: str
) -> None:
    claim = one(abstract)[1]
    assert (claim.value, claim.value_max, claim.unit) == (value, value_max, unit)


def test_two_claims_of_one_sentence_keep_their_own_kind_and_baseline() -> None:
    text, read = claims("Training is 2x faster than Heron. Inference is 3x faster than Rook.")

    assert [each.kind for each in read] == ["training", "inference"]
    assert [text[slice(*each.baseline)] for each in read if each.baseline] == ["Heron", "Rook"]


def test_a_claim_of_the_title_is_quoted_from_the_title() -> None:
    text, (claim,) = claims("Nothing here.", title="Decoding 3x Faster than Heron")

    assert text[slice(*claim.quote)] == "3x Faster"
    assert claim.kind == "inference"
    assert claim.baseline is not None
    assert text[slice(*claim.baseline)] == "Heron"


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        (
            "Rook is 2.9x and 5.1x faster than Heron and Teal, respectively.",
            [("2.9x and 5.1x faster", "Heron"), ("5.1x faster", "Teal")],
        ),
        (
            "It has speedups of 2.9, 3.4 and 5.1x over Heron.",
            [(f"speedups of {listed}", "Heron") for listed in ["2.9, 3.4 and 5.1x"] * 3],
        ),
        (
            "Compared to Heron and Teal, Rook is 2x and 3x faster, respectively.",
            [("2x", "Heron"), ("3x faster", "Teal")],
        ),
        ("We outperform Heron by 2x and 3x in throughput.", [("2x", "Heron"), ("3x", "Heron")]),
    ],
)
def test_listed_numbers_share_their_unit_and_are_paired_with_their_baselines(
    abstract: str, expected: list[tuple[str, str]]
) -> None:
    text, read = claims(abstract)

    assert [text[slice(*each.baseline)] for each in read if each.baseline] == [
        name for _, name in expected
    ]
    for claim, (words, _) in zip(read, expected, strict=True):
        quoted = text[slice(*claim.quote)]
        assert words in quoted or quoted in words
        assert (claim.value, claim.unit) in [(m.value, m.unit) for m in numbers(quoted)]


def test_listed_kinds_are_paired_with_their_numbers() -> None:
    _, read = claims("It cuts training and inference time by 30% and 40%, respectively.")
    assert [each.kind for each in read] == ["training", "inference"]

    _, read = claims("It has 2x and 3x better query latency and scan throughput, respectively.")
    assert [each.kind for each in read] == ["latency", "throughput"]


def test_baselines_in_turn_are_no_kinds_in_turn() -> None:
    text, read = claims(
        "It improves throughput by 1.3x and 2.7x compared to Heron decoding and Teal decoding,"
        " respectively."
    )

    assert [claim.kind for claim in read] == ["throughput", "throughput"]
    assert [text[slice(*claim.baseline or (0, 0))] for claim in read] == [
        "Heron decoding",
        "Teal decoding",
    ]


def test_a_baseline_does_not_go_on_into_the_next_claim() -> None:
    said = "We reach 50x speed-ups over plain Heron loops and allow 40x larger nests than before."
    text, (first, *_) = claims(said)

    assert first.baseline is not None
    assert text[slice(*first.baseline)] == "plain Heron loops"


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("Rook is 3x faster than Heron and Teal.", "Heron and Teal"),  # one list of names
        ("Rook is 3x faster than Heron and reduces memory.", "Heron"),
        ("Rook is 3x faster than a sparse matrix (SM) kernel.", "a sparse matrix (SM) kernel"),
        ("Rook has the same accuracy as Heron but is 3x faster.", "Heron"),
        ("Rook matches the accuracy of Heron while being 3x faster.", "Heron"),
        ("Rook is 3x faster while within 1% of the original model.", "the original model"),
        ("Rook is 3x faster than methods with equal recall.", "methods with equal recall"),
        ("Rook improves upon Heron with 2x lower latency.", "Heron"),
        ("Rook is compared with Heron. Notably, it takes 40% less time.", "Heron"),
        ("Rook outperforms Heron on ten tasks. Latency falls by 40%.", None),  # begins anew
        ("It is robust against noise and 2x faster.", None),
        ("It is 2x faster over a wide range of inputs.", None),
    ],
)
def test_a_baseline_may_be_said_in_other_words_or_in_the_sentence_before(
    abstract: str, expected: str | None
) -> None:
    text, (claim, *_) = claims(abstract)
    assert (text[slice(*claim.baseline)] if claim.baseline else None) == expected


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("It reduces training time by 40%.", "reduces training time by 40%"),
        ("It brings a 40% latency reduction.", "40% latency reduction"),
        ("It raises throughput by 2x at the same latency.", "throughput by 2x"),
    ],
)
def test_the_quote_says_whether_it_is_more_or_less(abstract: str, expected: str) -> None:
    assert quote(abstract) == expected


PIECES = [
    "respectively", "2, 3 and 4x", "and", "x5 faster", "by", "match", "It", "Notably",
    "3x", "30%", "twice", "2x to 4x", "up to", "faster", "latency", "throughput", "than", "over",
    "compared to", "Heron", "training", ",", ";", ".", "(", ")", "such", "while", "\n", "🦩",
    "datasets",
]  # fmt: skip


@settings(deadline=None)
@example("respectively", "than and 2, 3 and 4x")
@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join),
)
def test_claims_of_any_text_lie_in_the_sentence_of_their_number(abstract: str, title: str) -> None:
    document = Document(title, abstract)
    for offset, mention in find_quantities(document):
        claim = read_claim(document, ScoredQuantity(mention, offset, 1.0))
        start, end = offset + mention.start, offset + mention.end
        sentence = document.sentence_at(start)

        assert claim.quote[0] <= start
        assert claim.quote[1] >= end
        assert sentence.start <= claim.quote[0]
        if claim.baseline is not None:
            first, last = claim.baseline
            before = document.sentences[max(0, sentence.number - 1)]
            assert before.start <= first < last <= sentence.end
            assert last <= start or first >= end
