"""Finding a value in a text: exact words first, then words that mean exactly the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from extractor.grounding.boundaries import inside_url, is_whole, names_repository
from extractor.grounding.text import HYPHEN, INSIDE, NONE, Normalised, SourceText
from extractor.grounding.urls import find_url

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_END_SIGNS = " \t\r\n.,;:!?…'\"“”‘’«»‹›`–—"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_LETTERS = re.compile(r"[^\W\d_]+")


class Span(NamedTuple):
    """``text[start:end]``, in code points of the original text."""

    start: int
    end: int


def find(value: str, text: str | SourceText, *, url: bool = False) -> Span | None:
    """Where ``text`` says ``value``, or None.

    Notation may differ (docs/grounding.md says how); digits, letters of a name and units may
    not. With ``url`` the value must stand there as a whole URL.
    """
    source = text if isinstance(text, SourceText) else SourceText(text)
    found = find_first(value, (source,), url=url)
    return found[1] if found else None


def find_first(
    value: str, sources: Sequence[SourceText], *, url: bool = False
) -> tuple[int, Span] | None:
    """The best place among ``sources``: the source's index, and the span in it.

    Exact words come before other notations, those before the name of a repository in a URL,
    and earlier sources before later ones.
    """
    if url:
        at = find_url(value, sources)
        return (at[0], Span(at[1], at[2])) if at else None
    words = strip_ends(value)
    if not words:
        return None
    return (
        _first(_find_exact, words, sources)
        or _first(_find_normalised, Normalised(words), sources)
        or _first(_find_repository, words, sources)
    )


_Wanted = TypeVar("_Wanted")


def _first(
    look: Callable[[_Wanted, SourceText], Span | None],
    wanted: _Wanted,
    sources: Sequence[SourceText],
) -> tuple[int, Span] | None:
    for index, source in enumerate(sources):
        span = look(wanted, source)
        if span is not None:
            return index, span
    return None


def strip_ends(value: str) -> str:
    """``value`` without white space and punctuation at its ends; "" where no word is left."""
    words = value.strip(_END_SIGNS)
    if value.isalnum():
        return words
    if words[:1].isdecimal() and re.search(r"(?<!\w)\.\Z", value[: value.find(words)]):
        words = "." + words  # ".5"
    words = _strip_wrapping(words)
    return words if any(map(str.isalnum, words)) else ""


def _strip_wrapping(words: str) -> str:
    """Takes off brackets, ``**`` and ``$`` that have no partner or that enclose everything."""
    before = None
    while before != words and words:
        before = words
        first, last = words[0], words[-1]
        if first in "([{" and _closing(words) in (None, len(words) - 1):
            words = words[1:-1] if _closing(words) is not None else words[1:]
        elif last in _PAIRS and words.count(_PAIRS[last]) < words.count(last):
            words = words[:-1]
        elif words.startswith("**") or words.endswith("**"):
            words = words.removeprefix("**") if words.startswith("**") else words[:-2]
        elif "$" in (first, last):
            words = _strip_dollar(words)
        words = words.strip(_END_SIGNS) if words != before else words
    return words


def _closing(words: str) -> int | None:
    """Where the bracket that opens ``words`` closes."""
    opening, closing = words[0], {"(": ")", "[": "]", "{": "}"}[words[0]]
    depth = 0
    for place, char in enumerate(words):
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return place
    return None


def _strip_dollar(words: str) -> str:
    if words.count("$") == 2 and words[0] == words[-1] == "$":
        return words[1:-1]
    if words.count("$") % 2:
        return words[1:] if words[0] == "$" else words[:-1]
    return words


def _find_exact(words: str, source: SourceText) -> Span | None:
    text = source.original
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if is_whole(text, start, end) and not inside_url(source, start):
            return Span(start, end)
        start = text.find(words, start + 1)
    return None


def _find_repository(words: str, source: SourceText) -> Span | None:
    text = source.original
    start = text.find(words) if source.urls else -1
    while start >= 0:
        if names_repository(source, start, start + len(words)):
            return Span(start, start + len(words))
        start = text.find(words, start + 1)
    return None


def _find_normalised(value: Normalised, source: SourceText) -> Span | None:
    if not value.tight:
        return None
    text = source.normalised
    fallback: Span | None = None
    place = text.folded.find(value.folded)
    while place >= 0:
        span = _verify(value, text, place, source)
        if span is not None and _same_case(value, text, place):
            return span
        if span is not None and fallback is None and _case_may_differ(value, text, place):
            fallback = span
        place = text.folded.find(value.folded, place + 1)
    return fallback


def _verify(value: Normalised, text: Normalised, place: int, source: SourceText) -> Span | None:
    """The span of a candidate, or None where it joins or cuts what the text keeps apart."""
    stop = place + len(value.tight)
    if text.gaps[place] == INSIDE or (stop < len(text.gaps) and text.gaps[stop] == INSIDE):
        return None
    if text.gaps[place + 1 : stop] != value.gaps[1:] and not _gaps_agree(value, text, place):
        return None
    span = _trimmed(source.original, text.starts[place], text.ends[stop - 1])
    whole = is_whole(source.original, *span) and not inside_url(source, span.start)
    return span if whole else None


def _gaps_agree(value: Normalised, text: Normalised, place: int) -> bool:
    return all(
        one == other or _gap_may_differ(value.tight, at, one, other)
        for at, (one, other) in enumerate(
            zip(value.gaps[1:], text.gaps[place + 1 : place + len(value.tight)], strict=True), 1
        )
    )


def _gap_may_differ(tight: str, at: int, one: int, other: int) -> bool:
    """Whether the gaps before ``tight[at]`` separate, or do not separate, the same things."""
    left, right = tight[at - 1], tight[at]
    if INSIDE in (one, other):
        return HYPHEN in (one, other) and left.isalpha() and right.isalpha()
    if NONE not in (one, other):
        return True
    if left.isdecimal() and right.isdecimal():
        return False
    if HYPHEN in (one, other) or not (left.isalpha() and right.isdecimal()):
        return True
    return at > 1 and tight[at - 2].isalpha()  # "RTX 3090" is "RTX3090"; "a 100" no A100


def _same_case(value: Normalised, text: Normalised, place: int) -> bool:
    return text.tight.startswith(value.tight, place)


def _case_may_differ(value: Normalised, text: Normalised, place: int) -> bool:
    """A name may be written in another case, an ordinary word is not the acronym it resembles."""
    lower_text = text.tight.islower()
    return all(
        lower_text
        or _is_same_name(value.tight, run, text.tight[place + run.start() : place + run.end()])
        for run in _LETTERS.finditer(value.tight)
    )


def _is_same_name(tight: str, run: re.Match[str], said: str) -> bool:
    name = run.group()
    if name == said or not (name.isupper() and said.islower()):
        return True
    if len(name) == 1 and run.start() == 0 and len(tight) > 12:
        return True  # the first word of a sentence: "A ..."
    beside = tight[run.start() - 1 : run.start()] + tight[run.end() : run.end() + 1]
    return any(map(str.isdecimal, beside))


def _trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends, and with the bracket that closes it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end + _closing_length(text, start, end))


def _closing_length(text: str, start: int, end: int) -> int:
    """The length of what follows the span and closes what was opened in it."""
    words, closing = text[start:end], text[end : end + 1]
    if closing in _PAIRS:
        return int(words.count(_PAIRS[closing]) > words.count(closing))
    if closing == "$":
        return words.count("$") % 2
    return 2 * (words.count("**") % 2) if text.startswith("**", end) else 0
