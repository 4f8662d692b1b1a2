"""What a speed-up claim says besides its number: the quote, what is faster, than what.

Read off the sentence by rule. Offsets count code points of the document's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from extractor.candidates.listed import IN_TURN, Listed, members, paired, places_in_lists
from extractor.candidates.vocabulary import SPEED_WORDS
from extractor.grounding.numbers import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractor.candidates.classifier import ScoredQuantity
    from extractor.candidates.document import Document, Sentence, Word
    from extractor.grounding.numbers import NumberMention

Kind = Literal["throughput", "latency", "training", "inference", "convergence", "runtime"]

_CLAIMING = frozenset(
    word
    for word, topic in SPEED_WORDS.items()
    if topic in {"faster", "fast", "speed", "time", "slow"}
)
# In the order of preference if several are equally near.
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "throughput",
        re.compile(
            r"\b(?:throughputs?|goodput|QPS|TPS|RPS|IOPS|(?:collective|network|memory)\s+bandwidth"
            r"|(?:tokens?|quer(?:y|ies)|requests?|transactions?|operations)(?:[- ]per[- ]sec\w*"
            r"|/s(?:ec)?)|requests?\s+rate)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "latency",
        re.compile(
            r"\b(?:latenc(?:y|ies)|TTFT|TBT|TPOT|TTFB|time[- ]to[- ]first[- ]\w+|delays?"
            r"|response\s+times?)\b",
            re.IGNORECASE,
        ),
    ),
    ("convergence", re.compile(r"\bconverg(?!ence\s+(?:guarantee|propert))\w+", re.IGNORECASE)),
    (
        "training",
        re.compile(
            r"(?<!post-)\b(?<!once )(?<!when )(?<!without )(?:(?:pre-?|re)?train(?:s|ed|ing)?"
            r"|fine-?tun(?:e|es|ed|ing)|backpropagation)\b"
            r"(?!-based|\s+(?:data|samples?|sets?|baselines?|models?|recipes?|pipelines?)\b)",
            re.IGNORECASE,
        ),
    ),
    (
        "inference",
        re.compile(
            r"\b(?:inference|decod(?:e|es|ed|ing)|generation|sampling|prefill\w*|test[- ]time"
            r"|predictions?|serving)\b",
            re.IGNORECASE,
        ),
    ),
)
_SET_BESIDE = (
    r"compar(?:ed|ing)\s+(?:to|with|against)|in\s+comparison\s+(?:to|with)|relative\s+to"
    r"|(?<!robust\s)against"
    r"|versus|vs\.?|with\s+respect\s+to"
)
_OVER = rf"than|over|{_SET_BESIDE}"
_POSSESSOR = (
    r"(?:even\s+)?(?:or\s+[a-z]+ing\s+)?(?:(?:that|those)\s+of\s+|using\s+|(?:the\s+)?(?:[\w-]+\s+){0,2}"
    r"(?:accuracy|performance|quality|fidelity|limits|results)\s+of\s+)?"
)
_OUTDOES = r"(?:(?:outperform|surpass|exceed|beat)(?:s|es|ed|ing)?|improv(?:es?|ed|ing)\s+upon)"
_EQUALS = (
    r"(?<!-)match(?:es|ed|ing)?|(?:comparable|similar|equal|close)\s+(?:[\w-]+\s+){0,2}to|on\s+par\s+with"
    r"|(?:the\s+)?same\s+(?:[\w-]+\s+){1,2}as"
    r"|of(?=\s+(?:the\s+(?:original|full|dense|un\w+ed)\b(?!\s+(?:accuracy|performance))"
    r"|(?:the\s+|its\s+)?(?:[\w-]+\s+){0,2}baselines?\b))"
)
_BASELINE = re.compile(
    rf"\b(?:{_OVER}|(?:speed|throughput|time|latency)\s+of)\s+{_POSSESSOR}", re.IGNORECASE
)
_FAR_BASELINE = re.compile(rf"\b(?:{_SET_BESIDE}|than|over)\s+{_POSSESSOR}", re.IGNORECASE)
_EARLIER_BASELINE = re.compile(
    rf"\b(?:{_OVER}|{_OUTDOES}|unlike|to\s+that\s+of|{_EQUALS})\s+{_POSSESSOR}", re.IGNORECASE
)
_OTHER_BASELINE = re.compile(rf"\b(?:{_EQUALS})\s+{_POSSESSOR}", re.IGNORECASE)
_OUTDOING = re.compile(rf"\b(?:{_OUTDOES})\s+{_POSSESSOR}", re.IGNORECASE)
_WITH = re.compile(r"\s(?:by|with)\b(?:(?!\sand\s[a-z]+s\s)[^.;:]){0,60}")
_GOES_ON = re.compile(
    r"(?:Notably|Specifically|Moreover|Furthermore|Crucially|Importantly|Additionally|Remarkably"
    r"|In\s+(?:addition|particular)|It|They|This|Meanwhile|Besides|Also|For\s+(?:example|instance))\b"
)
_ASIDE = re.compile(r"\(|\s(?:on|in|for|at|with|while)\s")
_LIST_REACH = 160
_BY = re.compile(r"\s(?:[^\s,;]+\s){0,4}?(?:by|to)\s(?:[^\s,;]+\s){0,3}\W*")
_CHANGE = re.compile(
    r"\b(?:reduc|cut|decreas|lower|shorten|sav|drop|improv|increas|boost|enhanc)[a-z]*\b"
    r"(?=[^,;:.]*\Z)"
)
_CHANGE_NOUN = re.compile(r"\s(?:reduction|decrease|increase|improvement|saving)s?\b")
# What may follow a word that names nothing by itself: "methods with the same accuracy".
_VAGUE = re.compile(r"(?:\A(?:[a-z]+\s)?(?:methods|models|approaches|systems)|implementations?)\Z")
_OF_WHICH = re.compile(r"\s(?:with|on|in|using)\s")
_TAIL = re.compile(r"\s(?:such|and|or)\Z")  # "solutions such | as Foo"
_QUALITY_BEHIND = re.compile(
    r"(?:['’]s(?:\s+[\w-]+){0,3})?\s+(?:(?:task|original|test|model)\s+)?(?:accuracy|performance|quality|success\s+rate)\Z"
)
_ACRONYM = re.compile(r"\([A-Z][\w-]*\)\Z")
_BASELINE_END = re.compile(
    r"(?:(?<!\s)\s*|(?=\S))(?:[,;:)]|\((?![A-Z][\w-]*\))|\[|--|\.(?:\s|\Z)"
    r"|\s(?:while|with|without|and|but|when|in|for|at|by|across|which|that|as|thanks|due|it|they|leads?|shows?|achieve[sd]?|yields?|over|measured|respectively"
    r"|during|whereas|yet|under|to|because|even|from|is|are|has|via|through|depending|we"
    r"|using\s+(?:at|only|up|(?:[a-z]+\s)?(?:experiments|evaluations|simulations))|used|up|requiring|of\s+(?:up|about|around|over|\$?\d))\b"
    r"|(?<!based)\son\b)"
)
# What follows "and" belongs to the same list of names, and begins no other statement.
_LIST_GOES_ON = re.compile(
    r"\sand\s(?!(?:up|at|an?|the|by|on|in|its?|more|less|even|almost|nearly|about|also|can|is|are"
    r"|has|have|not|no|up|over|only|thus|fewer|\w+izes?|achieve|reduce"
    r"|improve|require|use|do|[a-z]+(?:s|ing)|(?:fast|low|high|small|bett|larg|cheap)er)\b)(?![\d$\\~≈])"
    r"(?![^,;:.()]{0,60}(?:\d\s?(?:x\b|×|%|times\b|\\times|-?fold\b)|\bcompared\b))"
)
_NO_BASELINE = re.compile(
    r"(?:(?:the\s+)?(?:\d|(?:(?:several|multiple|various|many|all|both|two|three|four|five|six"
    r"|ten)\b.*)?(?:datasets?|benchmarks?|tasks?)\Z)|\$?\d|half\b|double\b|twice\b"
    r"|(?:two|three|four|five|six|seven|eight|nine|ten)\s+times|an?\s+(?:wide|broad|large)\s+range"
    r"|.*\b(?:trade-?offs?|size|cost|parameters|memory|accuracy)\Z"
    r"|(?:them|it|those|this|these|time)\Z)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w-])\d")
_REACH_BACK, _REACH_ON = 90, 110
_KIND_REACH = 160
_REACH_PAIRED = 60
_SENTENCE_REACH = 2_000  # characters on either side of a number, more than a sentence has
# What is said before a number is as far away as this many characters more behind it.
_BEFORE_PENALTY = 25


@dataclass(frozen=True, slots=True)
class SpeedupClaim:
    """A claimed speed-up in full; the spans are offsets into the document's text."""

    quote: tuple[int, int]
    value: float
    value_max: float | None
    unit: str
    up_to: bool
    kind: Kind
    baseline: tuple[int, int] | None


def read_claim(document: Document, quantity: ScoredQuantity) -> SpeedupClaim:
    """The claim that a quantity is the number of."""
    mention, text = quantity.mention, document.text
    start, end = quantity.span
    sentence = document.sentence_at(start)
    listed = _listed(text, sentence, start)
    quote = _quote(text, sentence, start, end)
    if not _says(text[slice(*quote)], mention):
        quote = quote[0], max(quote[1], listed.end)  # "2.9, 3.4 and 5.1x" share their unit
    return SpeedupClaim(
        quote=quote,
        value=mention.value,
        value_max=mention.value_max,
        unit=str(mention.unit),
        up_to=mention.up_to,
        kind=_kind(text, sentence, quote, (start, end), listed),
        baseline=_baseline(text, sentence, (start, end), listed)
        or _said_before(document, sentence),
    )


def _says(quote: str, mention: NumberMention) -> bool:
    return any((m.value, m.unit) == (mention.value, mention.unit) for m in numbers(quote))


def _listed(text: str, sentence: Sentence, place: int) -> Listed:
    """The list that the number at ``place`` is in."""
    first = max(sentence.start, place - _LIST_REACH)
    said = numbers(text[first : min(sentence.end, place + _LIST_REACH)])
    spans = [(first + each.start, first + each.end) for each in said if each.unit is not None]
    lists = zip(spans, places_in_lists(text, spans), strict=True)
    return next((each for span, each in lists if span[0] == place), Listed(0, 1, place, place))


def _quote(text: str, sentence: Sentence, start: int, end: int) -> tuple[int, int]:
    """From the number to the nearest word of speed: behind it if one is near, else before it."""
    first, last = sentence.between(start - _REACH_BACK, end + _REACH_BACK)
    near = sentence.words[max(0, first - 1) : last + 1]
    right = _first_claiming([word for word in near if word.start >= end], end)
    left = _first_claiming([word for word in near if word.end <= start][::-1], start)
    # "improves throughput by 2x at the same latency"
    by = left is not None and _BY.fullmatch(text, left.end, start) is not None
    if right and not by and (left is None or right.start - end <= start - left.end + 12):
        noun = _CHANGE_NOUN.match(text, right.end, sentence.end)
        return start, noun.end() if noun else right.end
    if left is None:
        return start, end
    change = list(_CHANGE.finditer(text, max(sentence.start, left.start - 60), left.start))
    return (change[-1].start() if change else left.start), end


def _first_claiming(words: Sequence[Word], place: int) -> Word | None:
    for word in words:
        if abs(word.start - place) > _REACH_BACK or word.text == ";":
            return None
        if word.text.lower() in _CLAIMING:
            return word
    return None


def _kind(
    text: str,
    sentence: Sentence,
    quote: tuple[int, int],
    number: tuple[int, int],
    listed: Listed,
) -> Kind:
    """The kind said in the quote, else the one said nearest in the clause around it."""
    if listed.count > 1 and (own := _kind_in_turn(text, sentence, listed)):
        return own
    outer = ((quote[0], min(number[0], listed.start)), (max(number[1], listed.end), quote[1]))
    alone = not any(_NUMBER.search(text, *span) for span in outer)
    for kind, pattern in _KINDS if alone else ():
        if pattern.search(text, *quote):
            return kind
    near: list[tuple[int, Kind]] = []
    listed_size = listed.end - listed.start
    reach = (
        max(sentence.start, number[0] - 2 * _REACH_ON),
        min(sentence.end, number[1] + 2 * _REACH_ON),
    )
    for kind, pattern in _KINDS:
        for found in pattern.finditer(text, *reach):
            behind = found.start() >= number[1]
            gap = (number[1], found.start()) if behind else (found.end(), number[0])
            # A comma between the word and the number parts them, another number yet more.
            parted = _NUMBER.search(text, *gap) is not None and gap[1] - gap[0] > listed_size
            distance = gap[1] - gap[0] + 20 * text.count(",", *gap) + 20 * parted
            near.append((distance + (0 if behind else _BEFORE_PENALTY), kind))
    distance, nearest = min(near, default=(0, "runtime"))
    return nearest if distance <= _KIND_REACH else "runtime"


def _kind_in_turn(text: str, sentence: Sentence, listed: Listed) -> Kind | None:
    """The kind of a number of "2x and 3x lower latency and higher throughput, respectively"."""
    stop = text.find(IN_TURN, listed.end, min(sentence.end, listed.end + _REACH_ON))
    if stop < 0 or _BASELINE.search(text, listed.end, stop):
        return None
    own = paired(text, listed, max(sentence.start, listed.start - _REACH_PAIRED), stop)
    return next((kind for kind, said in _KINDS if own and said.search(text, *own)), None)


def _baseline(
    text: str, sentence: Sentence, number: tuple[int, int], listed: Listed
) -> tuple[int, int] | None:
    """What follows "than", "over" or "compared to", behind the number or else before it."""
    start, end = number
    first = max(sentence.start, start - _SENTENCE_REACH)
    last = min(sentence.end, end + _SENTENCE_REACH)
    found = (
        _outdone(text, first, start)
        or _compared(text, _BASELINE, end, min(last, end + _REACH_ON), last)
        or _compared(text, _EARLIER_BASELINE, first, start, start, latest=True)
        or _compared(text, _FAR_BASELINE, end, last, last)
        or _compared(text, _OTHER_BASELINE, end, last, last)
    )
    return _in_turn(text, found, listed, sentence.end) if found and listed.count > 1 else found


def _said_before(document: Document, sentence: Sentence) -> tuple[int, int] | None:
    """What the sentence before compares with, if this one goes on with it ("Notably, it ...")."""
    text = document.text
    if sentence.number < 2 or not _GOES_ON.match(text, sentence.start, sentence.end):
        return None
    before = document.sentences[sentence.number - 1]
    first = max(before.start, before.end - _SENTENCE_REACH)
    return _compared(text, _EARLIER_BASELINE, first, before.end, before.end, latest=True)


def _outdone(text: str, first: int, start: int) -> tuple[int, int] | None:
    """The name of "outperforms Heron by 2x", where nothing else is said in between."""
    phrase = _compared(text, _OUTDOING, first, start, start, latest=True)
    return phrase if phrase and _WITH.fullmatch(text, phrase[1], start) else None


def _in_turn(text: str, phrase: tuple[int, int], listed: Listed, limit: int) -> tuple[int, int]:
    """The member of "Heron and Rook" that belongs to a number of "2x and 3x"."""
    start, end = phrase
    stop = text.find(IN_TURN, start, min(limit, start + 2 * _REACH_ON))
    behind = start >= listed.end
    if stop < 0 and not behind:
        return phrase
    whole = behind and stop >= 0 and not _ASIDE.search(text, start, stop)
    for last in (end, stop) if whole else (end,):
        found = members(text, start, last)
        if len(found) == listed.count:
            return found[listed.rank]
    return phrase


def _compared(
    text: str, words: re.Pattern[str], start: int, stop: int, limit: int, *, latest: bool = False
) -> tuple[int, int] | None:
    """The first, or latest, name that follows ``words`` between ``start`` and ``stop``."""
    found = list(words.finditer(text, start, stop))
    phrases = (_noun_phrase(text, each.end(), limit) for each in found[:: -1 if latest else 1])
    return next(filter(None, phrases), None)


def _noun_phrase(text: str, start: int, limit: int) -> tuple[int, int] | None:
    end, place = limit, start
    while stop := _BASELINE_END.search(text, place, limit):
        end, place = stop.start(), stop.end()
        closes = stop[0] == ")" and _ACRONYM.search(text, max(start, end - 20), place)
        vague = _VAGUE.search(text[max(start, end - 40) : end]) and _OF_WHICH.match(text, end)
        if not closes and not vague and not _LIST_GOES_ON.match(text, end, limit):
            break
        end = limit
    phrase = text[start:end].rstrip(" .,;:!?\n*")
    if " with " not in phrase:
        phrase = _QUALITY_BEHIND.sub("", phrase)
    phrase = _TAIL.sub("", phrase)
    given = len(phrase) >= 2 and not _NO_BASELINE.match(phrase)
    return (start, start + len(phrase)) if given else None
