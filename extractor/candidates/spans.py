"""Candidate spans: every piece of a paper that could be a name, a speed-up or a code URL.

Wide on purpose: about thirty names a paper, of which 99 in 100 wanted ones are among them.
The classifier decides what each is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain, combinations_with_replacement, islice, pairwise
from typing import TYPE_CHECKING

from extractor.candidates.document import Document, Sentence, word_set
from extractor.grounding.numbers import NumberMention, numbers
from extractor.grounding.urls import LOOSE_URL
from extractor.names import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME_TOKEN = re.compile(
    r"""
    https?://\S+
  | (?:\$(?:[^$\s]|\\\ ){1,24}?\$)?
    [A-Za-zÀ-ɏͰ-Ͽ0-9@#\\]
    (?: [A-Za-zÀ-ɏͰ-Ͽ0-9@] | [-‐-–−](?=\w|\$|\*) | [_+'’*·](?=\w) | [.](?=\w) | [&/](?=\w)
      | \^\{?\\?[A-Za-z0-9*+]+\}? | \$\s?[\^_]?\{?\\?(?:[^$\s]){1,16}?\}?\$
      | \+{1,2}(?!\w) | \*(?=\s?[A-Z]) )*
    (?:\*\*(?=\w))?
  | \S
""",
    re.VERBOSE,
)
CONNECTIVES = word_set(
    "of for and in the to with on from via by a an at as or & into through over de without under"
    " using between than"
)
_TAILS = word_set(
    "suite test set board chip phone processor microcontroller laptop supercomputer challenge"
    " corpus dataset benchmark gpu gpus cpu cloud database"
)
JOINED = re.compile(
    r"(.+)-(?:based|like|style|equipped|driven|powered|trained|tuned|specific|level|only|enabled"
    r"|aware|native|accelerated|backed|inspired|compatible|generated|the-art|optimized|series"
    r"|scale|type|quality|centric|constrained|hours?|days?|class|hosted|capable|compliant)"
)
_POSSESSIVE = re.compile(r"(.+)['’]s")
_PLURAL = re.compile(r"(.+[A-Z0-9])s")
_TITLE_HEAD = re.compile(r"\s*+(.{1,70}?)\s{0,70}(?::|\s[-–—]\s|—|\?\s)")
_INTRODUCED = re.compile(
    r"(?:\b(?:called|named|dubbed|termed|coined|named as|termed as|denoted as|referred to as"
    r"|call it|name it|namely|denoted by|abbreviated as|we call|we name|we term|we dub)\s++"
    r"(?:the\s++|as\s++)?|[\"“‘'`*]{1,2}|\\(?:textsc|texttt|textbf|textit|emph|textsf)\{)\s*+"
    r"([A-Za-z][\w\-+]*(?:\s[A-Za-z][\w\-+]*){0,3}?)"
    r"(?=\s*(?:[,.;:()\"”’'`*}]"
    r"|\s(?:which|that|to|for|is|and|with|as|by|in|on|a|an|the)\b))"
)
_MACRO = re.compile(r"\\[a-zA-Z]+\s*\{([^{}]{1,60})\}")
_QUOTED = re.compile(r"\*\*(.{1,60}?)\*\*|[\"“‘`']([^\"“”’`']{2,40})[\"”’`']")
PARENTHESIS = re.compile(r"\(\s*([^()\s][^()]{0,30}?)\s*\)")
_MAX_RUN, _MAX_FULL_RUN, MAX_LENGTH = 7, 5, 90
_MAX_UNSTRIPPED = 4 * MAX_LENGTH
# No abstract has nearly as many; a text made to have more costs no more than this.
_LONGEST_RUN = 64
MOST_NAMES, MOST_PLACES, MOST_QUANTITIES, MOST_URLS = 256, 64, 32, 32
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class NameCandidate:
    """One name of a paper under one spelling, with all its places.

    ``key`` is the name in lower-case letters and digits alone; ``spans`` are offsets into the
    document's text, in order; ``aliases`` are keys of candidates that the paper gives as
    another form of it ("Long FullSchema (LF)").
    """

    key: str
    text: str
    spans: tuple[tuple[int, int], ...]
    aliases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UrlCandidate:
    """One URL as the text writes it."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FoundNames:
    """A paper's name candidates; ``long_forms`` maps an acronym's key to its long form's."""

    candidates: tuple[NameCandidate, ...]
    long_forms: dict[str, str] = field(default_factory=dict)


def find_names(document: Document) -> FoundNames:
    """Every span that could be a name.

    Runs of name-like words, acronyms, the title's head, and what quotes, type faces and words
    such as "called" set off.
    """
    spans = _Spans(document.text)
    for sentence in document.sentences:
        _add_runs(spans, sentence)
    if head := _TITLE_HEAD.match(document.title):
        spans.add(*head.span(1))
    for pattern in (_INTRODUCED, _MACRO, _QUOTED):
        for found in pattern.finditer(document.text):
            spans.add(*found.span(found.lastindex or 0))
    long_forms = _add_acronyms(spans, document.text)
    return FoundNames(_grouped(spans, long_forms), long_forms)


def find_urls(document: Document) -> list[UrlCandidate]:
    """Every URL, also without its scheme where the host is a known one."""
    found = islice(LOOSE_URL.finditer(document.text), MOST_URLS)
    return [UrlCandidate(match.group(), match.start(), match.end()) for match in found]


def find_quantities(document: Document) -> list[tuple[int, NumberMention]]:
    """Multiples and percentages, each with the offset of its source in the document's text."""
    sources = ((0, document.title), (document.title_end + 1, document.abstract))
    return [
        (offset, mention)
        for offset, text in sources
        for mention in numbers(text)
        if mention.unit is not None and not mention.negative
    ][:MOST_QUANTITIES]


class _Spans:
    """The spans found so far, without duplicates."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: set[tuple[int, int]] = set()

    def add(self, start: int, end: int) -> None:
        text = self.text
        if end - start > _MAX_UNSTRIPPED:
            return
        while start < end and not text[start].isalnum():
            start += 1
        while end > start and not (text[end - 1].isalnum() or _closes(text[start:end])):
            end -= 1
        name = text[start:end]
        if 0 < len(name) <= MAX_LENGTH and any(char.isalpha() for char in name):
            self.found.add((start, end))


def _closes(name: str) -> bool:
    """Whether the sign at a name's end belongs to it ("C++", "M$^2$", "A*")."""
    last = name[-1]
    if last == "$":
        return name.count("$") % 2 == 0
    if last == "}":
        return name.count("{") >= name.count("}")
    if last == "*":
        return len(name) < 8 and len(name) > 1 and name[-2].isupper()
    return last == "+"


def _is_name_like(token: str) -> bool:
    marked = any(char.isupper() or char.isdigit() or "α" <= char <= "ω" for char in token)
    marked = marked or re.fullmatch(r"[a-z]+(?:_[a-z]+)+", token) is not None
    return marked and any(map(str.isalpha, token)) and not token.startswith("http")


def _is_number(token: str) -> bool:
    return len(token) <= 6 and re.fullmatch(r"\d[\d.,kKMBGT%+-]*", token) is not None


def _add_runs(spans: _Spans, sentence: Sentence) -> None:
    text, first = spans.text, 0
    tokens = list(_NAME_TOKEN.finditer(text, sentence.start, sentence.end))
    while first < len(tokens):
        if not _is_name_like(tokens[first][0]):
            first += 1
            continue
        last = _run_end(text, tokens, first)
        run = tokens[first : last + 1]
        _add_parts(spans, run)
        following = tokens[last + 1 : last + 2]
        # A run with the common noun behind it ("GLUE benchmark").
        if following and following[0][0].lower() in _TAILS and _is_spaced(text, tokens, last + 1):
            for token in run:
                spans.add(token.start(), following[0].end())
        _add_connected(spans, tokens, first, last)
        for token in run:
            _add_inner(spans, run[0].start(), run[-1].end(), token)
        first = last + 1


def _is_spaced(text: str, tokens: list[re.Match[str]], place: int) -> bool:
    """Whether a single space stands before a token."""
    return text[tokens[place - 1].end() : tokens[place].start()] == " "


def _run_end(text: str, tokens: list[re.Match[str]], first: int) -> int:
    run = tokens[first : first + _LONGEST_RUN]
    for last, (token, following) in enumerate(pairwise(run), start=first):
        fits = _is_name_like(following[0]) or _is_number(following[0])
        if not fits or text[token.end() : following.start()] not in {"", " "}:
            return last
    return first + len(run) - 1


def _add_parts(spans: _Spans, run: list[re.Match[str]]) -> None:
    """All pieces of a short run; of a longer one its ends, its small pieces and itself."""
    size = len(run)
    pieces: Iterable[tuple[int, int]] = combinations_with_replacement(range(size), 2)
    if size > _MAX_RUN:
        pieces = chain(((place, place) for place in range(size)), ((0, size - 1),))
    for first, last in pieces:
        length = last - first + 1
        at_edge = first == 0 or last == size - 1
        if size > _MAX_FULL_RUN and length > 2 and not at_edge:
            continue
        if length == 1 and _is_number(run[first][0]):
            continue
        spans.add(run[first].start(), run[last].end())


def _add_connected(spans: _Spans, tokens: list[re.Match[str]], first: int, last: int) -> None:
    """A run that goes on over small words ("Detector of Small Marine Vessels")."""
    text, end = spans.text, last
    for _ in range(4):
        place = end + 1
        while (
            place < len(tokens)
            and place - end <= 3
            and tokens[place][0].lower() in CONNECTIVES
            and _is_spaced(text, tokens, place)
        ):
            place += 1
        if place in {end + 1, len(tokens)} or not _is_name_like(tokens[place][0]):
            return
        if not _is_spaced(text, tokens, place):
            return
        end = _run_end(text, tokens, place)
        if end - first >= 12:
            return
        for start in {first, min(first + 1, last)}:
            spans.add(tokens[start].start(), tokens[end].end())


def _add_inner(spans: _Spans, run_start: int, run_end: int, token: re.Match[str]) -> None:
    """Names inside one token: around a slash, before "-based", "'s" and a plural s."""
    start, text = token.start(), token[0]
    for part in re.finditer(r"[^/]+", text) if "/" in text else ():
        first, last = start + part.start(), start + part.end()
        spans.add(first, last)
        if first == start:
            spans.add(run_start, last)  # "Open Rook" of "Open Rook/Heron Nest"
        if last == token.end():
            spans.add(first, run_end)
    for pattern in (JOINED, _POSSESSIVE, _PLURAL):
        if stem := pattern.fullmatch(text):
            spans.add(run_start, start + stem.end(1))
            spans.add(start, start + stem.end(1))


def _add_acronyms(spans: _Spans, text: str) -> dict[str, str]:
    long_forms: dict[str, str] = {}
    for found in PARENTHESIS.finditer(text):
        acronym = found.group(1)
        is_list = "," in acronym or len(acronym.split()) > 2
        if is_list or not any(char.isupper() for char in acronym):
            continue
        spans.add(*found.span(1))
        start = _long_form_start(text, found.start(), acronym)
        if start is not None:
            spans.add(start, found.start())
            long_forms[name_key(acronym)] = name_key(text[start : found.start()])
    return long_forms


def _long_form_start(text: str, end: int, acronym: str) -> int | None:
    """Where the long form before ``end`` starts, matched letter by letter from the right.

    The method of Schwartz and Hearst (2003).
    """
    letters = [char.lower() for char in acronym if char.isalnum()]
    if len(letters) > 2 and acronym.endswith("s") and acronym[:-1].isupper():
        letters.pop()
    if len(letters) < 2:
        return None
    reach = max(0, end - 120)
    clause = max(text.rfind(sign, reach, end) for sign in (". ", "\n", ", ", ": "))
    floor = max(reach, clause + 1)
    place = end - 1
    for rank in range(len(letters) - 1, -1, -1):
        place = _letter_before(text, place, floor, letters[rank], at_word_start=rank == 0)
        if place < floor:
            return None
        place -= 1
    start = place + 1
    most = min(len(letters) + 5, 2 * len(letters) + 1)
    return start if len(text[start:end].split()) <= most else None


def _letter_before(text: str, place: int, floor: int, letter: str, *, at_word_start: bool) -> int:
    for at in range(place, floor - 1, -1):
        starts_word = at == floor or not text[at - 1].isalnum()
        if text[at].lower() == letter and (starts_word or not at_word_start):
            return at
    return floor - 1


def _grouped(spans: _Spans, long_forms: dict[str, str]) -> tuple[NameCandidate, ...]:
    text, places = spans.text, dict[str, list[tuple[int, int]]]()
    for start, end in sorted(spans.found):
        key = name_key(text[start:end])
        known = places.get(key)
        if known is not None:
            known += [(start, end)] * (len(known) < MOST_PLACES)
        elif key and not key.isdigit() and len(places) < MOST_NAMES:
            places[key] = [(start, end)]
    aliases = _aliases(text, places, long_forms)
    return tuple(
        NameCandidate(key, text[slice(*found[0])], tuple(found), frozenset(aliases.get(key, ())))
        for key, found in places.items()
    )


def _aliases(
    text: str, keys: dict[str, list[tuple[int, int]]], long_forms: dict[str, str]
) -> dict[str, set[str]]:
    pairs: list[tuple[str, str]] = [*long_forms.items()]
    for found in PARENTHESIS.finditer(text):  # with the words before it, few and many
        inner = name_key(found.group(1))
        before = re.split(r"[()]", text[max(0, found.start() - 120) : found.start()])[-1].split()
        firsts = range(max(0, len(before) - _MOST_WORDS), len(before))
        pairs += [(inner, name_key(" ".join(before[first:]))) for first in firsts]
    pairs += [(key, f"{key}s") for key in keys]
    aliases: dict[str, set[str]] = {}
    for one, other in pairs:
        if one != other and one in keys and other in keys:
            aliases.setdefault(one, set()).add(other)
            aliases.setdefault(other, set()).add(one)
    return aliases
