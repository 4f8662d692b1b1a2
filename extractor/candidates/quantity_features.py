"""Features of quantities (is this number about speed?) and of URLs (is this where the code is?)."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from extractor.candidates.document import NUMBER, URL, Document, words
from extractor.candidates.listed import IN_TURN, Listed, paired, places_in_lists
from extractor.candidates.vocabulary import CODE_WORDS, OTHER_PAGE_WORDS, OTHER_WORDS, SPEED_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from extractor.candidates.spans import UrlCandidate
    from extractor.grounding.numbers import NumberMention

_CLAUSE_SIGNS = frozenset((",", ";", ":", "and", "while", "but", "with"))
_PHRASE_ENDS = frozenset((
    ",", ";", ":", "(", ")", "and", "or", "while", "but", "with", "compared", "than", "over", "on",
    "in", "for", "at", "when", "without", "relative", "across", "by", "to", "of", "from", NUMBER,
))  # fmt: skip
_CLAUSE_ENDS = frozenset((",", ";", ":", "while", "but", "with", "that", "which", NUMBER))
_CONNECTIVES = frozenset(("by", "to", "of", "at", "from", "is", "are", "was"))
_REACH = 14
_NEAR = 60
_SENTENCE_REACH = 2_000  # characters on either side, more than a sentence has
_HOSTS = (
    ("code", re.compile(r"github\.com|gitlab|bitbucket|git\.io|4open|codeocean|sourceforge")),
    ("io", re.compile(r"github\.io")),
    ("hub", re.compile(r"huggingface")),
    ("sites", re.compile(r"sites\.google")),
    ("paper", re.compile(r"arxiv|doi\.org")),
)
_PAGE_WORDS = CODE_WORDS | OTHER_PAGE_WORDS
_PAGE_CUES = ("video", "demo", "supplementary", "project", "page", "website", "appendix")


def _shapes(document: Document, start: int, end: int) -> list[str]:
    return [
        word.shape if word.shape in (NUMBER, URL) else word.text.lower()
        for word in words(document.text, start, max(start, end))
    ]


def quantity_features(
    document: Document, quantities: Sequence[tuple[int, NumberMention]]
) -> list[set[str]]:
    """The features of every quantity, in order."""
    spans = [(offset + found.start, offset + found.end) for offset, found in quantities]
    lists = places_in_lists(document.text, spans)
    features: list[set[str]] = []
    for rank, ((_, found), (start, end)) in enumerate(zip(quantities, spans, strict=True)):
        sentence = document.sentence_at(start)
        unit = str(found.unit)
        first = max(sentence.start, start - _SENTENCE_REACH)
        left = _shapes(document, first, start)[::-1]
        right = _shapes(document, end, min(sentence.end, end + _SENTENCE_REACH))
        here = set(_number_features(found, document.text[start:end]))
        here.update(_window(left, right), _topic_features(left, right, unit))
        here.update(_side("L", left, unit), _side("R", right, unit))
        for _, other in quantities[:rank]:
            if (other.value, other.unit) == (found.value, found.unit):
                here.update(("dupv", "dup") if other.value_max == found.value_max else ("dupv",))
        here.update(_beside_features(document, quantities, spans, rank))
        here.update(_object_features(document, lists[rank], first, sentence.end, unit))
        here.add("abs" if sentence.number else "title")
        features.append(here)
    return features


def _number_features(found: NumberMention, text: str) -> Iterator[str]:
    value = float(found.value)
    size = next((str(top) for top in (1, 1.01, 2, 5, 20, 100) if value < top), "big")
    yield f"unit={found.unit}"
    yield f"range={found.value_max is not None}"
    yield f"up={found.up_to}"
    yield f"form={re.sub(r'[0-9]+', '0', text.lower())[:14]}"
    yield f"val<{size}{found.unit}"
    yield f"int={value.is_integer()}{found.unit}"


def _window(left: Sequence[str], right: Sequence[str]) -> Iterator[str]:
    before, behind = ([*side[:3], "#", "#", "#"][:3] for side in (left, right))
    yield from (f"L{step}={shape}" for step, shape in enumerate(before))
    yield from (f"R{step}={shape}" for step, shape in enumerate(behind))
    yield f"L01={before[1]} {before[0]}"
    yield f"R01={behind[0]} {behind[1]}"
    yield f"R12={behind[1]} {behind[2]}"
    yield f"R012={' '.join(behind)}"
    yield f"LR={before[0]}_{behind[0]}"
    yield from (f"lb={shape}" for shape in left[:6])
    yield from (f"rb={shape}" for shape in right[:6])
    yield from (f"lf={shape}" for shape in left[6:_REACH])
    yield from (f"rf={shape}" for shape in right[6:_REACH])


def _topic(shape: str) -> str | None:
    if shape in SPEED_WORDS:
        return f"+{SPEED_WORDS[shape]}"
    return f"-{OTHER_WORDS[shape]}" if shape in OTHER_WORDS else None


def _side(side: str, shapes: Sequence[str], unit: str) -> Iterator[str]:
    """Words of speed and of other things on one side: how near, over how many clause signs."""
    signs, first = 0, True
    for distance, shape in enumerate(shapes[:_REACH]):
        signs += shape in _CLAUSE_SIGNS
        if shape == "<n>":
            yield f"{side}num{min(distance, 6)}"
        topic = _topic(shape)
        if topic is None:
            continue
        near = 0 if distance == 0 else 1 if distance < 3 else 2 if distance < 6 else 3
        yield f"{side}{topic}{near}"
        yield f"{side}{topic}c{min(signs, 2)}"
        if first:
            yield f"{side}first={topic}"
            yield f"{side}first={topic}{near}{unit}"
            first = False


def _object_features(
    document: Document, listed: Listed, first: int, last: int, unit: str
) -> Iterator[str]:
    """What the number, or the list it is in, is said of: "lower latency" in "2x lower latency"."""
    text = document.text
    left = _shapes(document, min(first, listed.start), listed.start)[::-1]
    right = _shapes(document, listed.end, min(last, listed.end + 2 * _NEAR))
    behind = _topics(takewhile(lambda shape: shape not in _PHRASE_ENDS, right[:_REACH]))
    yield f"R>{'/'.join(behind[:4])}"
    yield f"R>{'/'.join(behind[-1:])}{unit}"
    lead = next((at for at, shape in enumerate(left[:6]) if shape in _CONNECTIVES), None)
    if lead is not None:
        before = _topics(takewhile(lambda shape: shape not in _CLAUSE_ENDS, left[lead:_REACH]))
        yield f"L>{'/'.join(before[:4])}"
        yield f"L>{'/'.join(before[:1])}{left[lead]}{unit}"
        yield f"L>{'/'.join(before[:1])}R>{'/'.join(behind[:1])}"
    if listed.count > 1:
        yield f"listed{min(listed.rank, 2)}of{min(listed.count, 3)}"
        stop = text.find(IN_TURN, listed.end, min(last, listed.end + 2 * _NEAR))
        if stop >= 0:
            yield from _in_turn(document, listed, first, stop)


def _in_turn(document: Document, listed: Listed, first: int, stop: int) -> Iterator[str]:
    """What a number of "time and memory by 2x and 3x, respectively" is said of."""
    yield "turn"
    if own := paired(document.text, listed, max(first, listed.start - _NEAR), stop):
        topics = _topics(_shapes(document, *own))
        yield f"turn={'/'.join(topics[:3])}"
        yield from (f"turn~{topic}" for topic in topics)


def _topics(shapes: Iterable[str]) -> list[str]:
    return [topic for topic in map(_topic, shapes) if topic is not None]


def _topic_features(left: Sequence[str], right: Sequence[str], unit: str) -> Iterator[str]:
    topics = (filter(None, map(_topic, shapes[:_REACH])) for shapes in (left, right))
    pair = "/".join(next(side, "0") for side in topics)
    yield f"first={pair}"
    yield f"first={pair}/{unit}"
    for shape in {*left, *right}:
        if _topic(shape):
            yield f"s={shape}"
            yield f"s={shape}{unit}"


def _beside_features(
    document: Document,
    quantities: Sequence[tuple[int, NumberMention]],
    spans: Sequence[tuple[int, int]],
    rank: int,
) -> Iterator[str]:
    """What is around the quantities just before and after ("2x and 3x faster")."""
    start, end = spans[rank]
    unit = quantities[rank][1].unit
    if rank + 1 < len(spans) and spans[rank + 1][0] - end < _NEAR:
        following = spans[rank + 1][1]
        yield "nx"
        yield from (f"nxR={shape}" for shape in _shapes(document, following, following + _NEAR)[:3])
        if quantities[rank + 1][1].unit == unit:
            yield "nxsame"
    if rank and start - spans[rank - 1][1] < _NEAR:
        before, behind = spans[rank - 1]
        yield "pv"
        yield from (
            f"pvL={shape}" for shape in _shapes(document, max(0, before - _NEAR), before)[:-4:-1]
        )
        yield from (f"pvR={shape}" for shape in _shapes(document, behind, behind + 40)[:3])
        if quantities[rank - 1][1].unit == unit:
            yield "pvsame"


def url_features(document: Document, urls: Sequence[UrlCandidate]) -> list[set[str]]:
    """The features of every URL, in order."""
    return [set(_one_url(document, urls, rank)) for rank in range(len(urls))]


def _one_url(document: Document, urls: Sequence[UrlCandidate], rank: int) -> Iterator[str]:
    url = urls[rank]
    sentence = document.sentence_at(url.start)
    follows = rank > 0 and urls[rank - 1].start >= sentence.start
    start = urls[rank - 1].end if follows else sentence.start
    start = max(start, url.start - _SENTENCE_REACH)
    left = _shapes(document, start, url.start)[::-1]
    host = next((name for name, pattern in _HOSTS if pattern.search(url.text)), "other")
    code = "c" if not CODE_WORDS.isdisjoint(left) else ""
    other = "o" if not OTHER_PAGE_WORDS.isdisjoint(left) else ""
    yield from (f"host={host}", f"kind={code}{other}", f"{host}_{code}{other}")
    pages = ("c" if word in CODE_WORDS else "o" for word in left if word in _PAGE_WORDS)
    yield f"near={next(pages, '-')}"
    yield "one" if len(urls) == 1 else "many"
    yield "later" if rank else "first"
    yield from (f"w={word}" for word in _PAGE_CUES if word in left[:6])
    if host == "code" and url.text.rstrip("/").count("/") < 3:
        yield "barehost"
    if re.search(r"\b(?:codes?|repo|src)\b", url.text.lower()):
        yield "codeinurl"
    yield from _around_url(document, url, start, sentence.end, short=len(left) < 3)


def _around_url(
    document: Document, url: UrlCandidate, start: int, end: int, *, short: bool
) -> Iterator[str]:
    if not CODE_WORDS.isdisjoint(_shapes(document, url.end, min(end, url.end + 60))):
        yield "rightc"
    if short and not CODE_WORDS.isdisjoint(_shapes(document, max(0, start - 120), start)):
        yield "prevc"
