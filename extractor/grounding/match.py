"""Finding a value in a text: exact words, words that mean exactly the same, the nearest words."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from extractor.grounding.boundaries import is_whole
from extractor.grounding.hidden import HIDDEN, visible
from extractor.grounding.text import (
    HYPHEN,
    INSIDE,
    NONE,
    Normalised,
    SourceText,
    Stretch,
    source_text,
)
from extractor.grounding.urls import Span, canonical_url, find_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_END_SIGNS = " \t\r\n.,;:!?…'\"“”‘’«»‹›`–—" + HIDDEN
_PARTNERS = (("(", ")"), ("[", "]"), ("{", "}"), ("$", "$"), ("**", "**"))
_COMMAND = re.compile(r"\\[a-z]+\Z")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
_LETTERS = re.compile(r"[^\W\d_]+")
# Letters that every notation of a value has: not those of units and number words.
_SURE_LETTERS = re.compile(
    r"(?<![^\W_])(?!times|[^\W_]*fold|per|cent|order|magni|hal[fv]|doubl|tripl|quadr|tw|th|ze|one|fo|fi|si"
    r"|se|ei|ni|te|el|hun|doz|mil|bil|tri)[a-z]{3,}(?![^\W_])"
)
_SENTENCE = 12  # letters from which on a first "A" is the article
_LONGEST_COMPARED = 12  # words of a value that are compared
# What is looked for and compared, many times over what abstracts have: a text made to have more
# costs no more than this.
LONGEST_VALUE = 20_000
_LONGEST_HINT, _WORDS_COMPARED, _URLS_COMPARED = 300, 4_000, 64
_MOST_RUNS, _MOST_WRAPPERS = 64, 16
_MOST_PLACES, _MOST_READ = 1_000, 20_000
_ALIKE = 65.0  # percent of the characters that have to be the same
# Words as anybody writes them: "image", "Image", "ImageNet", "nuScenes".
_ORDINARY = re.compile(r"[^\W\d_A-Z]*(?:[A-Z][^\W\d_A-Z]+)*")


def find(value: str, text: str | SourceText, *, url: bool = False) -> Span | None:
    """Where ``text`` says ``value``, or None.

    Notation may differ (docs/grounding.md says how); digits, letters of a name and units may
    not. With ``url`` the value must be there as a whole URL.
    """
    source = text if isinstance(text, SourceText) else source_text(text)
    found = find_first(value, (source,), url=url)
    return source.original_span(found[1]) if found else None


def find_first(
    value: str, sources: Sequence[SourceText], *, url: bool = False
) -> tuple[int, Span] | None:
    """The best place among ``sources``: the source's index, and the span in its visible text.

    Exact words come before other notations, those before the name of a repository in a URL,
    and earlier sources before later ones. A value of over 20,000 characters has none.
    """
    value = visible(value)
    if len(value) > LONGEST_VALUE:
        return None
    if url:
        return find_url(value, sources)
    words = SourceText(strip_ends(value))
    if not words.visible:
        return None
    for search in (_find_exact, _find_notation, _find_repository):
        for index, source in enumerate(sources):
            if span := search(words, source):
                return index, span
    return None


def _find_exact(words: SourceText, source: SourceText) -> Span | None:
    return next(exact_places(words.visible, source, _tries(len(words.visible))), None)


def exact_places(words: str, source: SourceText, most: int) -> Iterator[Span]:
    """The first places where ``source`` says exactly these words."""
    size = len(words)
    for start in _places(words, source.visible, most):
        if is_whole(source.visible, start, start + size) and not source.has_url_around(start):
            yield Span(start, start + size)


def _places(words: str, text: str, most: int) -> Iterator[int]:
    """The first ``most`` places of ``words`` in ``text``."""
    place = text.find(words)
    while place >= 0 and most > 0:
        yield place
        place, most = text.find(words, place + 1), most - 1


def _find_repository(words: SourceText, source: SourceText) -> Span | None:
    """The last part of a URL, which names what the page is about."""
    part = f"/{words.visible}"
    for first, last in source.urls:
        start = last - len(words.visible)
        if start > first and source.visible.startswith(part, start - 1):
            return Span(start, last)
    return None


def strip_ends(value: str) -> str:
    """``value`` without white space and punctuation at its ends; "" where no word is left."""
    if value[:1].isalnum() and value[-1].isalnum():
        return value
    words = value.strip(_END_SIGNS)
    if words[:1].isdecimal() and re.search(r"(?<!\w)\.\Z", value[: value.find(words)]):
        words = "." + words  # ".5"
    words = _strip_wrapping(words)
    return words if any(map(str.isalnum, words)) else ""


def _strip_wrapping(words: str) -> str:
    """Takes off brackets, ``**`` and ``$`` that have no partner or that enclose everything."""
    for _ in range(_MOST_WRAPPERS):
        bare = _without_one(words) if words else ""
        if bare == words:
            break
        words = bare.strip(_END_SIGNS)
    return words


def _without_one(words: str) -> str:
    first, last = words[0], words[-1]
    closing = _closing(words) if first in _CLOSING else -1
    if closing in (None, len(words) - 1):
        return words[1:-1] if closing is not None else words[1:]
    if last in _OPENING and words.count(_OPENING[last]) < words.count(last):
        return words[:-1]
    if words.startswith("**") or words.endswith("**"):
        return words.removeprefix("**") if words.startswith("**") else words[:-2]
    if first == last == "$" and words.count("$") == 2:
        return words[1:-1]
    if "$" in (first, last) and words.count("$") % 2:
        return words[1:] if first == "$" else words[:-1]
    return words


def _closing(words: str) -> int | None:
    """Where the bracket that opens ``words`` closes."""
    opening, closing = words[0], _CLOSING[words[0]]
    depths = accumulate((char == opening) - (char == closing) for char in words)
    return next((place for place, depth in enumerate(depths) if depth == 0), None)


def _find_notation(words: SourceText, source: SourceText) -> Span | None:
    """The first place where ``source`` says the words in the same case, else in another one.

    Other notations are looked for only where the letters of the words are in the text at all.
    """
    plain = "" if "\\" in words.visible else unicodedata.normalize("NFKC", words.visible)
    runs = islice(_SURE_LETTERS.finditer(plain.lower()), _MOST_RUNS)
    if not all(source.has_letters(run.group()) for run in runs):
        return None
    value, text = words.normalised, source.normalised
    asked = value.stretch(0, len(value.tight)) if value.folded else None
    if asked is None:
        return None
    fallback: Span | None = None
    # Of a long value fewer places are read, so that a text that repeats itself costs no more.
    for place in _places(value.folded, text.folded, _tries(len(value.folded))):
        span = _verify(value, asked, text, place, source)
        if span is not None and text.tight.startswith(value.tight, place):
            return span
        if span is not None and fallback is None and _case_may_differ(value, text, place):
            fallback = span
    return fallback


def _tries(size: int) -> int:
    return min(_MOST_PLACES, max(4, _MOST_READ // size))


def _verify(
    value: Normalised, asked: Stretch, text: Normalised, place: int, source: SourceText
) -> Span | None:
    """The span of a candidate, or None where it joins or cuts what the text keeps apart."""
    size = len(value.tight)
    said = text.stretch(place, place + size)
    if said is None:
        return None
    differ = (at for at in range(1, size) if asked.gaps[at] != said.gaps[at])
    if not all(_gap_may_differ(value.tight, at, asked.gaps[at], said.gaps[at]) for at in differ):
        return None
    start, end = said.start, said.end
    while start < end and source.visible[start].isspace():
        start += 1
    while end > start and source.visible[end - 1].isspace():
        end -= 1
    if not is_whole(source.visible, start, end) or source.has_url_around(start):
        return None
    return _balanced(source.visible, start, end)


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
    return at > 1 and tight[at - 2].isalpha()  # "RTX 3090" is "RTX3090"; "a 100" is not "A100"


def _case_may_differ(value: Normalised, text: Normalised, place: int) -> bool:
    """A name may be written in another case, an ordinary word is not the acronym it resembles."""
    runs = [
        (run, text.tight[place + run.start() : place + run.end()])
        for run in _LETTERS.finditer(value.tight)
    ]
    backed = any(run.group() == said and not said.islower() for run, said in runs)
    return all(_is_same_name(value.tight, run, said, backed) for run, said in runs)


def _is_same_name(tight: str, run: re.Match[str], said: str, backed: bool) -> bool:
    """Whether the letters ``said`` can be the name ``run`` in another case.

    An acronym, or a name with capitals in odd places, is one word with an ordinary word only
    where a digit or another word of the name says so: "coco" is not COCO, but cifar10 is CIFAR10.
    """
    name = run.group()
    beside = tight[max(0, run.start() - 1) : run.start()] + tight[run.end() : run.end() + 1]
    if name == said or any(map(str.isdecimal, beside)):
        return True
    if len(name) == 1:
        return run.start() == 0 and len(tight) > _SENTENCE
    ordinary = _ORDINARY.fullmatch(name) is not None or not said[1:].islower()
    return ordinary or (backed and not said.islower())


def _balanced(text: str, start: int, end: int) -> Span:
    """The span, extended by the bracket, ``$`` or ``**`` next to it whose partner it contains."""
    words = text[start:end]
    for opening, closing in _PARTNERS:
        opened, closed = words.count(opening), words.count(closing)
        lone = opened % 2 if opening == closing else opened - closed
        if lone and lone != -1 and text.startswith(closing, end):
            return Span(start, end + len(closing))
        if lone and (opening == closing or lone < 0) and text.endswith(opening, 0, start):
            brace = start - len(opening)  # the "{" of "\\textbf{" goes with its command
            command = _COMMAND.search(text, max(0, brace - 20), brace) if opening == "{" else None
            return Span(command.start() if command else brace, end)
    return Span(start, end)


def _is_short(span: tuple[int, int]) -> bool:
    return span[1] - span[0] <= _LONGEST_HINT


def nearest(value: str, sources: Sequence[SourceText], *, url: bool = False) -> str | None:
    """The words of ``sources`` nearest to a value that they lack, or None: for the reason only."""
    from rapidfuzz import fuzz, process

    if len(value) > _LONGEST_HINT:
        return None
    if url:
        spans = ((source, span) for source in sources for span in source.urls[:_URLS_COMPARED])
        urls = [source.visible[slice(*span)] for source, span in spans if _is_short(span)]
        near_url = process.extractOne(value, urls, scorer=fuzz.ratio, processor=canonical_url)
        return near_url[0] if urls else None
    words = SourceText(value).words[:_LONGEST_COMPARED]
    wanted, width = " ".join(word for word, _, _ in words), len(words)
    best, near = _ALIKE, None
    for source in sources:
        bare = [word[:_LONGEST_HINT] for word, _, _ in source.words[:_WORDS_COMPARED]]
        runs = [" ".join(bare[at : at + width]) for at in range(max(1, len(bare) - width + 1))]
        found = process.extractOne(wanted, runs, scorer=fuzz.ratio, score_cutoff=best)
        if found is not None and (near is None or found[1] > best):
            best, cut = found[1], source.words[found[2] : found[2] + width]
            near = source.visible[cut[0][1] : cut[-1][2]].strip(".!?'’") if cut else None
    return near
