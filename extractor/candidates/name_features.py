"""Features of name candidates: their shape, their places, the words around, what is known.

A feature is a string that holds or does not hold; the classifier has a weight for each. All places
of a candidate count together.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from extractor.candidates.document import (
    CAPITALISED,
    NAME,
    NAME_SHAPES,
    OPENERS,
    Document,
    Sentence,
)
from extractor.candidates.spans import CONNECTIVES, FoundNames, NameCandidate
from extractor.candidates.vocabulary import (
    COMMON_NOUNS,
    GENERIC_TAILS,
    GOVERNORS,
    INTRODUCING,
    LIST_SIGNS,
    NAMING,
    TOPICS,
    hardware_class,
    noun_class,
)
from extractor.names import name_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractor.candidates.lexicon import Lexicon

_AFTER_HEAD = re.compile(r"[\"”’'*) ]*(?:[:：]|\s[-–—]\s|\?)")
_NEIGHBOUR_REACH = 120
_DEVICE_REACH = 80
_WORDS_AHEAD = 6
_INTRODUCED_WITHIN = 4
_CLAUSE_SIGNS = frozenset(",;:.")
_FEW_PAPERS = 2


def name_features(
    document: Document, names: FoundNames, lexicon: Lexicon, *, contexts_only: bool = False
) -> list[set[str]]:
    """The features of every candidate of ``names``, in order.

    ``contexts_only`` leaves out what the name itself and the lexicon say: so are the abstracts
    read from which the lexicon is mined.
    """
    # Places of the names that the lexicon knows well, with their benchmark level.
    known = sorted(
        (start, end, entry.levels[1])
        for candidate in names.candidates
        if (entry := lexicon.get(candidate.key)) and entry.papers >= _FEW_PAPERS
        for start, end in candidate.spans
    )
    paper = _Paper(document, names)
    features: list[set[str]] = []
    for candidate in names.candidates:
        found = set(_place_features(paper, candidate))
        found.update(_form_features(paper, candidate))
        found.update(_spread_features(document, candidate))
        found.update(_conjunctions(found))
        if not contexts_only:
            found.update(_known_features(candidate, lexicon))
            found.update(_hardware_features(document, candidate))
            found.update(_device_context(paper, candidate))
            found.update(_neighbour_features(document, candidate, known))
        features.append(found)
    return features


class _Paper:
    """What the features of all names of a paper share, worked out once."""

    def __init__(self, document: Document, names: FoundNames) -> None:
        self.document = document
        self.text = document.text
        self.long_forms = names.long_forms
        self.are_long_forms = frozenset(names.long_forms.values())
        initials = re.findall(r"([a-zA-Z0-9])[a-zA-Z0-9]*", document.title)
        self.initials = "".join(initials).lower()
        said = ({word.text.lower() for word in each.words} for each in document.sentences)
        self.topics = [TOPICS & words for words in said]
        # Per sentence, the places of words that are parts of a device's name.
        self.devices = [
            [
                (word.start, kind)
                for word in each.words
                if (kind := hardware_class(word.text)) and kind in "VDF"
            ]
            for each in document.sentences
        ]


def _place_features(paper: _Paper, candidate: NameCandidate) -> Iterator[str]:
    document = paper.document
    for start, end in candidate.spans:
        sentence = document.sentence_at(start)
        first, last = sentence.between(start, end)
        if sentence.number:
            yield from _context(sentence, first, last)
            yield from _list_context(sentence, first, last)
            yield from _introduction(sentence, first, last)
            yield from _sentence_features(paper, sentence, first)
        else:
            yield from ("title", f"TL1={sentence.shape(first - 1)}", f"TR1={sentence.shape(last)}")
            if first == 0:
                yield "title0"
                if end >= document.title_end - 1:
                    yield "alltitle"
            if _AFTER_HEAD.match(document.title, end):
                yield f"precolon{int(first == 0)}"
                yield from _subtitle(sentence, last)
            if ":" in document.title[:start]:
                yield "postcolon"
        yield from _edges(document.text, start, end)
        yield from _run_neighbours(document.text, sentence, (start, end), (first, last))


def _context(sentence: Sentence, first: int, last: int) -> Iterator[str]:
    left = [sentence.shape(first - 1 - step) for step in range(12)]
    right = [sentence.shape(last + step) for step in range(5)]
    yield f"L1={left[0]}"
    yield f"R1={right[0]}"
    yield f"l2={left[1]}"
    yield f"r2={right[1]}"
    yield f"L2={left[1]} {left[0]}"
    yield f"R2={right[0]} {right[1]}"
    yield f"LR={left[0]}_{right[0]}"
    yield f"L3={left[2]} {left[1]} {left[0]}"
    yield f"R3={right[0]} {right[1]} {right[2]}"
    yield f"LR2={left[1]} {left[0]}_{right[0]}"
    yield from (f"lb={shape}" for shape in left[1:5])
    yield from (f"rb={shape}" for shape in right[1:5])
    yield from _first_of("hd", right[:3])
    yield from _first_of("lh", left[:3])
    for distance, shape in enumerate(left):
        if shape in GOVERNORS:
            yield f"gov={shape}"
            yield f"gov{min(distance, 4)}={shape}"
            return


def _introduction(sentence: Sentence, first: int, last: int) -> Iterator[str]:
    """How the name is introduced, if it is: the verb's distance together with what follows."""
    for distance in range(_INTRODUCED_WITHIN):
        shape = sentence.shape(first - 1 - distance)
        verb = "intro" if shape in INTRODUCING else "naming" if shape in NAMING else None
        if verb:
            following = sentence.shape(last)
            if following == ",":
                following += sentence.shape(last + 1)
            noun = COMMON_NOUNS.get(following)
            yield f"{verb}{distance}"
            yield f"{verb}{distance} {'noun' if noun else following}"
            yield f"{verb} {'noun' if noun else following}"
            return


def _subtitle(sentence: Sentence, last: int) -> Iterator[str]:
    """What the title's rest says that the name before the colon is."""
    rest = sentence.words[last:]
    nouns = {word.text.lower() for word in rest} & COMMON_NOUNS.keys()
    yield from (f"subtitle={COMMON_NOUNS[noun]}" for noun in nouns)
    yield from (f"subtitle=<{noun_class(noun)}>" for noun in nouns)
    if len(rest) > 1:
        yield f"subtitle starts={rest[1].text.lower()}"


def _first_of(label: str, shapes: Sequence[str]) -> Iterator[str]:
    """The first common noun among ``shapes``, with its distance and without."""
    for distance, shape in enumerate(shapes):
        if noun := COMMON_NOUNS.get(shape):
            yield f"{label}{distance}={noun}"
            yield f"{label}={noun}"
            if kind := noun_class(shape):
                yield f"{label}=<{kind}>"
            return


def _list_context(sentence: Sentence, first: int, last: int) -> Iterator[str]:
    """The words around the whole list that the name is part of ("on A, B and C")."""
    before, start = _walk(sentence, range(first - 1, max(-1, first - 40), -1), first)
    behind, end = _walk(sentence, range(last, min(len(sentence.words), last + 40)), last - 1)
    if not before + behind:
        return
    left = [sentence.shape(start - 1 - step) for step in range(4)]
    right = [sentence.shape(end + 1 + step) for step in range(3)]
    yield "coord"
    yield f"cL1={left[0]}"
    yield f"cL2={left[1]} {left[0]}"
    yield f"cR1={right[0]}"
    yield f"cR2={right[0]} {right[1]}"
    yield from _first_of("chd", right)
    yield from _first_of("clh", left)


def _walk(sentence: Sentence, indices: range, here: int) -> tuple[int, int]:
    """How many names of a list follow in one direction, and the furthest."""
    items, furthest, after_sign = 0, here, False
    for index in indices:
        word = sentence.words[index]
        if word.text in LIST_SIGNS:
            after_sign = True
        elif word.shape in NAME_SHAPES:
            items += after_sign
            furthest, after_sign = index, False
        else:
            break
    return items, furthest


def _sentence_features(paper: _Paper, sentence: Sentence, first: int) -> Iterator[str]:
    last_number = len(paper.topics) - 1
    yield from (f"s={topic}" for topic in paper.topics[sentence.number])
    if sentence.number == 1:
        yield "sent=first"
    if sentence.number == last_number:
        yield "sent=last"
    yield f"sentpos={4 * (sentence.number - 1) // max(1, last_number)}"
    yield "smid" if first else "sstart"


def _edges(text: str, start: int, end: int) -> Iterator[str]:
    """The signs that touch the name."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before == "(":
        yield "paren" if after == ")" else "parenL"
    if text.startswith(" (", end):
        yield "beforeparen"
    if before and before in "\"“‘`'*{":
        yield "quoted"
    if after in {"'", "’"}:
        yield "poss"
    if before and (before.isalnum() or before in "-/"):
        yield "intokL-" if before == "-" else "intokL"
    if after and (after.isalnum() or after in "-/"):
        yield "intokR"


def _run_neighbours(
    text: str, sentence: Sentence, span: tuple[int, int], indices: tuple[int, int]
) -> Iterator[str]:
    """Names directly next to it, so that this may be a piece of a longer name."""
    (start, end), (first, last) = span, indices
    if first > 0:
        left = sentence.words[first - 1]
        if left.shape in (NAME, CAPITALISED) and text[left.end : start] == " ":
            yield "LN"
            yield f"LN={left.text.lower()}"
    if last < len(sentence.words):
        right = sentence.words[last]
        if right.shape in NAME_SHAPES and text[end : right.start] == " ":
            yield "RN"
            yield f"RN={right.text.lower()}"
        if text[end : end + 1] == "-":
            yield f"intokR-{sentence.shape(last + 1)}"


def _form_features(paper: _Paper, candidate: NameCandidate) -> Iterator[str]:
    name = candidate.text
    parts = name.split()
    yield f"nt={min(len(parts), 5)}"
    yield f"len={min(len(name) // 3, 8)}"
    outline = re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", re.sub(r"\d+", "0", name)))
    yield f"shape={outline[:12]}"  # "aA-0" for "miniNet-50"
    yield from _one_word_features(name) if len(parts) == 1 else _many_word_features(parts)
    if any(char.isdigit() for char in name):
        yield "digit"
        yield "digit_end" if name[-1].isdigit() else "digit_in"
    if "-" in name:
        yield "hyphen"
    if any(sign in name for sign in "$\\{}*"):
        yield "mark"
    if name_key(parts[-1]) in GENERIC_TAILS:
        yield "gentail"
    if parts[0].lower() in OPENERS:
        yield "smallstart"
    yield from _relation_features(paper, candidate)


def _one_word_features(name: str) -> Iterator[str]:
    yield "one"
    if len(name) <= 2:
        yield "tiny"
    yield f"suf3={name[-3:].lower()}"
    yield f"suf4={name[-4:].lower()}"
    yield f"pre3={name[:3].lower()}"
    if name.isupper():
        yield "allcaps"
    elif name[0].isupper() and name[1:].islower():
        yield "initcap"
    elif name.islower():
        yield "lower"
    elif re.search("[a-z][A-Z]", name):
        yield "camel"


def _many_word_features(parts: Sequence[str]) -> Iterator[str]:
    yield "multi"
    yield f"suf4={parts[-1][-4:].lower()}"
    lower = [part.lower() for part in parts]
    if all(
        part[0].isupper() or not part[0].isalpha() or small in CONNECTIVES
        for part, small in zip(parts, lower, strict=True)
    ):
        yield "allinit"
    if not CONNECTIVES.isdisjoint(lower):
        yield "hasconn"
    if any(part.isupper() and len(part) > 1 for part in parts):
        yield "hascaps"


def _relation_features(paper: _Paper, candidate: NameCandidate) -> Iterator[str]:
    """What the paper itself links the name with: its long form, the title's initials."""
    key, name = candidate.key, candidate.text
    if key in paper.long_forms:
        yield "hasLong"
    if key in paper.are_long_forms:
        yield "isLong"
    if 2 < len(key) <= 8 and " " not in name and key in paper.initials:
        yield "titleInit"
    lower = name.lower()
    whole = rf"(?<![^\W_]){re.escape(lower)}(?![^\W_])"
    if name != lower and lower in paper.text and re.search(whole, paper.text):
        yield "lowerseen"


def _spread_features(document: Document, candidate: NameCandidate) -> Iterator[str]:
    """How often and where in the paper the name stands."""
    numbers = [document.sentence_at(start).number for start, _ in candidate.spans]
    places = {start for start, _ in candidate.spans}
    in_abstract = sum(number > 0 for number in numbers)
    in_title, first = 0 in numbers, min(numbers)
    yield f"n={min(len(places), 5)}"
    yield f"na={min(in_abstract, 4)}_{int(in_title)}"
    yield f"nsent={min(len(set(numbers)), 4)}"
    yield f"firstsent={'T' if first == 0 else first if first <= 2 else 'late'}"
    if in_title and in_abstract:
        yield "titleAndAbs"


def _conjunctions(found: set[str]) -> list[str]:
    """Pairs of facts that mean more together."""
    case = next((case for case in ("allcaps", "initcap", "camel") if case in found), "other")
    beside = ("LN" if "LN" in found else "") + ("RN" if "RN" in found else "")
    pairs = [f"x:{case}_{beside}"]
    if case == "initcap":
        pairs.append("initcap_s" if "sstart" in found and "smid" not in found else "initcap_m")
    if "titleAndAbs" in found:
        pairs.append(f"x:TA_{case}")
    if "precolon1" in found:
        words = "one" if "one" in found else "many"
        again = "again" if "titleAndAbs" in found else "once"
        pairs += [f"x:head_{words}_{again}", f"x:head_{words}_{again}_{case}"]
        if "smid" in found:
            pairs.append(f"x:head_{words}_{case}_smid")
    pairs += [
        f"x:{fact}_{'title' if 'title' in found else 'abstract'}_{case}"
        for fact in ("intro0", "naming0", "intro ,a", "intro ,an", "intro0 ,a", "intro0 ,an")
        if fact in found
    ]
    listed = "coord" if "coord" in found else "alone"
    for fact in ("precolon1", "hasLong", "isLong", "title"):
        if fact in found:
            pairs += [f"x:{fact}_{case}", f"x:{fact}_{listed}", f"x:{fact}_{beside}"]
    return pairs


def _known_features(candidate: NameCandidate, lexicon: Lexicon) -> Iterator[str]:
    """The name's own words, and what the lexicon knows of it and of its parts."""
    parts = candidate.text.split()
    keys = [name_key(part) for part in parts]
    yield from (f"w={key}" for key in keys)
    yield from (f"w0={keys[0]}", f"w-1={keys[-1]}", f"id={candidate.key}")
    yield from lexicon.features(candidate.key)
    if len(parts) > 1:
        yield from lexicon.part_features("head", name_key(" ".join(parts[:-1])))
        yield from lexicon.part_features("tail", name_key(" ".join(parts[1:])))


def _hardware_features(document: Document, candidate: NameCandidate) -> Iterator[str]:
    """The name's words as parts of a device's name ("NVIDIA GTX 1080" is V, D, M)."""
    name = re.sub(r"['’]s\b", "", candidate.text.lower())
    classes = [hardware_class(word) or "o" for word in re.findall(r"[a-z0-9][a-z0-9.\-_]*", name)]
    if not classes:
        return
    kinds = "".join(letter for letter in "VDFMGo" if letter in classes)
    yield f"hw={kinds}"
    yield f"hwseq={''.join(classes)[:6]}"
    yield f"hwstart={classes[0]}"
    yield f"hwend={classes[-1]}"
    if "D" in kinds:
        yield f"hwdevice_{'o' if 'o' in kinds else 'clean'}"
        yield "hwdevice"
    if "F" in kinds or "M" in kinds:
        yield "hwmodel"
    if "V" in kinds and kinds not in {"V", "Vo"}:
        yield "hwvendor+"
    for start, end in candidate.spans[:3]:
        sentence = document.sentence_at(start)
        first, last = sentence.between(start, end)
        beside = (
            ("prev", sentence.words[max(0, first - 1) : first]),
            ("next", sentence.words[last : last + 1]),
        )
        for side, words in beside:
            yield from (f"hw{side}={kind}" for each in words if (kind := hardware_class(each.text)))


def _device_context(paper: _Paper, candidate: NameCandidate) -> Iterator[str]:
    """Words of devices around the name: the noun that it goes with, and other devices near by."""
    for start, end in candidate.spans[:3]:
        sentence = paper.document.sentence_at(start)
        _, last = sentence.between(start, end)
        for distance, word in enumerate(sentence.words[last : last + _WORDS_AHEAD]):
            if word.text in _CLAUSE_SIGNS:
                break
            if hardware_class(word.text) in {"G", "F"}:
                noun = word.text.lower().rstrip("s")
                yield from ("hwahead", f"hwahead={noun}", f"hwahead{min(distance, 2)}")
                break
        for place, kind in paper.devices[sentence.number]:
            if not start <= place < end and start - _DEVICE_REACH < place < end + _DEVICE_REACH:
                yield f"hwnear={kind}"


def _neighbour_features(
    document: Document, candidate: NameCandidate, known: Sequence[tuple[int, int, int]]
) -> Iterator[str]:
    """The most benchmark-like known name near by in the same sentence."""
    best = -6
    for start, end in candidate.spans:
        sentence = document.sentence_at(start)
        lowest = bisect_left(known, (start - _NEIGHBOUR_REACH,))
        highest = bisect_left(known, (start + _NEIGHBOUR_REACH,))
        for other_start, other_end, level in known[lowest:highest]:
            apart = other_start >= end or other_end <= start
            inside = sentence.start <= other_start < sentence.end
            if apart and inside and abs(other_start - start) < _NEIGHBOUR_REACH:
                best = max(best, level)
    yield f"near={best}"
    yield from (f"near>={level}" for level in range(-3, best + 1))
