"""Grounding over any text: what is taken verbatim is found, what is changed is not."""

from __future__ import annotations

import re
import string
from typing import Annotated, Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from extractor.grounding import NumberIn, SourceText, UnitIn, Url, Verbatim, find, ground, numbers
from extractor.grounding.hidden import TERMINAL
from extractor.grounding.match import strip_ends
from extractor.grounding.text import Normalised

PIECES = [
    "naïve", "nai\u0308ve", "Schrödinger", "使用", "数据集", "데이터", "हिन्दी", "עברית", "🦩",
    "👩\u200d🔬",
    "ef\ufb01cient", "\uff21\uff11\uff10\uff10", "$3.2\\times$", "\\textbf{FlashX}", "**40x**",
    "E$^2$-RAG", "10³", "x₂", "\\emph{up to}", "95\\%", "A100", "(80GB)", "GPT-3.5", "2-5x",
    "1,000", "3.20", "Long-Range", "state-of-the-\nart", "“quoted”", "don’t", "https://a.org/b",
    "C++", "A*", "R&D", "twice", "two orders of magnitude", "half", "e.g.", "–", "...", "%",
    "\u200b", "\u00ad", "\x00", "İstanbul", "ß", "½", "①", "{", "}", "$", "\\", "^", "_", "~",
]  # fmt: skip
words = st.one_of(
    st.sampled_from(PIECES),
    st.text(max_size=8),
    st.from_regex(r"\d{1,4}([.,]\d{1,3})?", fullmatch=True),
)
texts = st.lists(words, min_size=1, max_size=20).map(" ".join)
values = st.one_of(words, texts, st.text(string.digits + ".,x×% -^{}$\\", max_size=12))


class Anything(BaseModel):
    quote: Annotated[str | None, Verbatim()] = None
    value: Annotated[Any, NumberIn("quote")] = None
    unit: Annotated[Any, UnitIn("quote")] = None
    anywhere: Annotated[Any, NumberIn()] = None
    url: Annotated[str | None, Url()] = None
    names: list[Annotated[str, Verbatim()]] = []


def token_spans(text: str) -> list[tuple[int, int]]:
    # The separators of old files, which Python takes for white space, are invisible here.
    return [match.span() for match in re.finditer(r"[\S\x1c-\x1f]+", text)]


def test_what_a_terminal_takes_for_a_command_is_no_word() -> None:
    assert find("\x9b0@", "\x9b0@") is None
    assert find("0\x9b0@", "0\x9b0@") == (0, 1)


@settings(deadline=None)
@given(texts, st.data())
def test_words_taken_from_a_text_are_found_in_it(text: str, data: st.DataObject) -> None:
    spans = token_spans(text)
    assume(spans)
    first = data.draw(st.integers(0, len(spans) - 1))
    last = data.draw(st.integers(first, min(len(spans) - 1, first + 6)))
    value = text[spans[first][0] : spans[last][1]]
    assume(strip_ends(value) and not re.search(TERMINAL, text))

    found = find(value, text)

    assert found is not None
    assert text[found.start : found.end] == strip_ends(value)


@settings(deadline=None)
@given(texts, values)
def test_what_is_found_says_the_value(text: str, value: str) -> None:
    found = find(value, text)

    if found is not None:
        assert 0 <= found.start < found.end <= len(text)
        said = Normalised(text[found.start : found.end]).folded
        asked = Normalised(strip_ends(value)).folded
        assert re.sub(r"\W", "", said) == re.sub(r"\W", "", asked)


@settings(deadline=None)
@given(st.integers(1, 9999), st.integers(0, 99), st.data())
def test_a_number_with_another_digit_is_refused(whole: int, part: int, data: st.DataObject) -> None:
    said = f"{whole}.{part:02}"
    unit = data.draw(st.sampled_from(["x", "×", " times", "%", "\\%", "$\\times$", "-fold"]))
    text = f"It is up to {said}{unit} faster on an A100 than GPT-3."
    place = data.draw(st.sampled_from([at for at, char in enumerate(said) if char.isdigit()]))
    digit = data.draw(st.sampled_from(string.digits.replace(said[place], "")))
    false = said[:place] + digit + said[place + 1 :]
    assume(float(false) != float(said))

    assert find(f"{said}{unit} faster", text) is not None
    assert find(f"{false}{unit} faster", text) is None
    assert find(f"{false}{unit}", text) is None
    answer = {"quote": f"{said}{unit} faster", "value": float(false)}
    assert ground(Anything, answer, title="", abstract=text).values["value"] is None
    answer["value"] = float(said)
    assert ground(Anything, answer, title="", abstract=text).values["value"] == float(said)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 9))
def test_thousands_separators_and_trailing_zeros_change_nothing(whole: int, tenth: int) -> None:
    value = float(f"{whole}.{tenth}")
    for said in (f"{whole}.{tenth}", f"{whole:,}.{tenth}", f"{whole}.{tenth}00"):
        assert [each.value for each in numbers(f"It takes {said} seconds")] == [value]
        assert find(f"{value} seconds", f"It takes {said} seconds") is not None


@settings(deadline=None)
@given(st.text(string.ascii_letters, min_size=3, max_size=10), st.integers(0, 9), st.data())
def test_a_name_with_another_letter_is_refused(name: str, digit: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from(string.ascii_letters))
    assume(letter.lower() != name[place].lower())
    false = name[:place] + letter + name[place + 1 :]
    text = f"the {name}-{digit} ran ({name}-{digit}) 7 9"

    assert find(f"{name}-{digit}", text) is not None
    assert find(f"{false}-{digit}", text) is None
    assert find(name, f"the {name}{digit} ran") is None


@given(texts, values, st.one_of(st.floats(), st.integers(), st.text(max_size=4)))
@example("\\", "\\", 0)
@example("^{", "$", 0)
@example("1.2.3 .4.5 .1,000 100000000000000000000.5 × 10^3", "10^", 1e300)
@example("9" * 199 + " trillion orders of magnitude", "9" * 150 + " million", 10**400)
@settings(deadline=None, max_examples=300)
def test_nothing_raises(text: str, value: str, number: float | int | str) -> None:
    answer = {
        "quote": value, "value": number, "unit": value, "anywhere": number, "url": value,
        "names": [value, text],
    }  # fmt: skip
    for source in (text, SourceText(text)):
        find(value, source)
        find(value, source, url=True)
    grounded = ground(Anything, answer, title=value, abstract=text)

    for each in grounded.evidence:
        source = {"title": value, "abstract": text}[each.source]
        assert 0 <= each.start < each.end <= len(source)


@settings(deadline=None)
@given(texts)
def test_mentions_are_in_order_and_inside_the_text(text: str) -> None:
    reached = 0
    for each in numbers(text):
        low, high = each.value_span
        assert reached <= low < high <= each.end <= len(text)
        assert each.value >= 0
        reached = each.end
