"""Lines of text to paragraphs, and which of those are boilerplate: buttons, dates, authors, venues.

Wrapped lines are joined; labelled fields and list items stay apart.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from extractor.readers.base import TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OVERLONG = "overlong"
"""The label of a line that was skipped."""

HEADING = "heading"
"""The label of what a page sets as a heading."""

_LONG = 200
"""Characters from which on a line is taken for a paragraph of its own, unwrapped."""

_NARROW = 50
"""Where no line of a block is longer, it is judged by the width of the whole text."""

_FULL = 0.85
"""The share of the widest line to which a line is filled that wrapping broke."""

_LABEL = re.compile(
    r"(?P<label>title|authors?|abstract|summary|comments?|subjects?|categories|keywords?"
    r"|key words|index terms|ccs concepts|journal[- ]ref|doi|date|report[- ]no|license"
    r"|(?:msc|acm)[- ]class|affiliations?|venue|cite as|journal|conference|publisher"
    r"|(?:published|updated|submitted|year|volume|issue|pages?)(?=\s*:\s*\d)"
    r"|(?:url|link|pdf|html)(?=\s*:\s*(?:https?:|www\.|10\.)))\s*[:\uff1a\u2014]\s*"
    # A row of links has no more than a few words.
    r"|\[(?P<boxed>title|authors?|keywords?|(?:abstract|summary)(?=\].{40}))\]\s*:?\s*(?=[^\s\[|])"
    r"|(?P<leading>abstract|summary)\s*[.\u2013-]\s*(?=[A-Z$\"'(])"
    r"|[^\w()]*(?P<heading>abstract|summary)[^\w()]*$",
    re.IGNORECASE,
)
_LOWER_LABEL = re.compile(r"([a-z][a-z_-]{0,20}): +(?=\S)")
_LINE_END = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
_RULE = re.compile(r"[\W_]*|\\\\\s*\(.*\)")
_LIST_ITEM = re.compile(r"(?:[-\u2022*\u2013\u00b7]|\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])[).])\s+\S")
_SENTENCE_END = re.compile(r"[.!?:;][\"'\u201d\u2019)\]]*$")
_UNFINISHED = re.compile(
    r"(?:[,:\u2013\u2014-]|\b(?:an?|and|as|at|by|for|from|in|into|of|on|or|over|the|through|to|towards?"
    r"|under|using|versus|via|with|without))$",
    re.IGNORECASE,
)
_HYPHENATED = re.compile(r"\w-")

_BUTTONS = frozenset(
    """
    about|abstract page|all|arxiv|arxiv page|back|best|bibtex|bookmark|browse|changelog|cite
    |clear|close|code|collections|comments|community|contact|contact us|contents|cookie policy
    |cookie settings|copy|daily papers|dark|data|datasets|demo|details|dismiss|docs
    |documentation|download|edit|enterprise|explore|export|export citation|fewer|filter|filters
    |follow|full text|github|google scholar|help|home|hot|html|imprint|jobs|latest|leaderboard
    |less|light|like|likes|links|listen|load more|log in|log out|login|media|menu|models|monthly
    |more|most cited|most recent|most upvoted|new|newest|news|newsletter|next|next page|no
    |older|oldest|open|open access|other|page|paper|papers|pdf|popular|posts|previous
    |previous page|pricing|print|privacy|privacy policy|privacy settings|profile|project
    |project page|publications|read|read more|recent|references|related papers|report|reset|rss
    |save|saved|search|see all|semantic scholar|settings|share|show all|show less|show more
    |sign in|sign out|sign up|similar papers|sitemap|skip to content|skip to main content|slides
    |solutions|sort|spaces|star|stars|subscribe|subscribed|subscription|supplementary
    |supplementary material|tags|terms|terms of service|terms of use|this week|today|top|topics
    |trending|trending papers|tweet|unsubscribe|upvote|upvotes|upvoted|video|view|view all
    |view html|view html (experimental)|view on arxiv|view on github|view paper|view pdf|views
    |website|weekly|x|yes|yesterday
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_ALSO_ENDS_TITLES = frozenset(
    """
    abstract|code|collections|comments|communities|community|data|dark|datasets|demo|details
    |documentation|edit|enterprise|explore|export|filter|filters|following|home|jobs|latest|light
    |links|media|menu|models|news|open|other|paper|papers|posts|pricing|privacy|profile|project
    |publications|recent|references|report|search|settings|solutions|spaces|stars|subscription
    |tags|terms|today|topics|trending|video|views
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DATE = (
    rf"(?:{_WEEKDAY}(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}\.?\s+{_MONTH},?(?:\s+\d{{4}})?|{_MONTH}\s+\d{{4}}"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ][\d:.]+Z?)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"|(?:a|an|\d+)\s+(?:second|minute|hour|day|week|month|year)s?\s+ago)"
)
_COUNTED = (
    "authors?|citations?|comments?|days?|downloads?|figures?|hours?|likes?|min|minutes?|months?"
    "|organizations?|pages?|papers?|points?|posts?|replies|reply|results?|reads?|stars?|tables?"
    "|upvotes?|versions?|views?|votes?|weeks?|entries|items"
)
_BOILERPLATE = re.compile(
    rf"""
      [\W\d_kKmM]*                                             # 42, 1.2k, · 3
    | \W*{_DATE}\W*
    | (?=\D*+\d|.*\sago\b)(?:                                    # each of these has a number
      \W*(?:[^.:]{{0,40}}\s)?(?:on|updated|published|submitted|posted|added|revised|released)
      \s*:?\s*{_DATE}\b.{{0,80}}
    | .{{0,120}}\b(?:19|20)\d\d\b[^;]{{0,12}};\s?\d+(?:\(.{{1,12}}\))?:\s?\w+-?\w*\b.{{0,80}}
    | [^.]{{0,60}}\b(?:showing|total\ of)\b.{{0,80}}\b(?:entries|results)\b.{{0,80}}
    | \W*(?:total\ of\ |showing\ .{{0,20}}of\ )?[\d.,]+\s*[kKmM]?\+?\s+(?:more\s+)?(?:{_COUNTED})\b
      (?:\W.{{0,60}})?
      )
    | (?:upvote|like|star|share|comment|cite|save)s?\s+[\d.,]+[kKmM]?
    | (?:submitted|posted|uploaded|shared|curated|recommended|powered|hosted|picked|brought
        |paper|published)\s+(?:to\ you\s+)?by\b.*
    | \[?(?:pdf|html|ps|other|code|arxiv|abs|doi|bib|bibtex|slides|video|poster|project|openreview)
      (?:[\s,|\]\[/·]+(?:pdf|html|ps|other|code|arxiv|abs|doi|bib|bibtex|slides|video|poster
        |project|openreview|experimental|\(experimental\)))*\]?
    | (?:\[\d+\]\s*|\d+\.\s+)?arxiv:\s*\S+.{{0,80}}
    | (?:https?://|www\.|doi:?\s*10\.|10\.\d{{4,}}/)\S+
    | \S+@\S+\.\w+
    | (?:©|\(c\)|copyright\b).*
    | (?:pmid|pmcid|e-?print|issn|isbn)\s*:\s*\S.{{0,80}}
    | free\ (?:pmc\ )?(?:article|full\ text)\.?
    | (?:page\s+)?\d+\s*(?:of|/|-)\s*\d+
    | [\u25b3\u25bd\u2191\u2193\u2190\u2192].{{0,20}}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOTICE = re.compile(
    r"\bcookies?\W+(?:policy|settings|preferences|notice)\b"
    r"|\b(?:accept|all|our|set|sets|these|use|uses|using|with|of)\W+cookies\b"
    r"|\bsubscribe\W+(?:to|for|now|and|today)\b|\b(?:our|weekly|daily)\W+newsletter\b"
    r"|\bprivacy policy\b|\barxivlabs?\W+(?:is|are|have|and)\b|\ball rights reserved\b"
    r"|\bterms of (?:use|service)\b|\bsign (?:up|in)\b|\byour inbox\b|\bresearch community\b"
    r"|^\W*loading\b|\bloading\s*(?:\.\.\.|\u2026)"
    r"|\bjavascript\W+(?:is|to|must|disabled|enabled)\b|\b(?:enable|requires?|disable)\W+javascript\b",
    re.IGNORECASE,
)
# Each notice has one of these; to look for them costs a tenth of what the pattern does.
_NOTICE_WORDS = (  # noqa: SIM905 -- property tests draw their words from such a list
    "cookie|subscribe|newsletter|privacy|arxivlab|rights|terms of|sign |inbox|loading|javascript"
    "|community"
).split("|")
_IMPERATIVE = re.compile(
    r"(?:add|browse|click|discover|download|explore|find|follow|get|join|load|log|open|read|see"
    r"|search|share|show|sign|skip|submit|subscribe|try|vote|watch|view)(?:\s[a-z0-9'-]+){1,11}[.!]?",
)
_PLACE = re.compile(
    r"(?:\b|(?<=\d))(?:universit(?:y|ies|[àäé]t?)|institute|department|laborator(?:y|ies)|college|academy"
    r"|research\s+(?:center|centre|group|lab)|inc\.|corporation|gmbh|proceedings|journal of"
    r"|transactions on|conference|workshop|best paper|spotlight|accepted (?:at|to|by))\b",
    re.IGNORECASE,
)
_WORKPLACES = (  # noqa: SIM905 -- as above
    "universit|institut|department|departamento|facult|school|college|laborator|academy|hospital"
).split("|")
_PER_WORKPLACE = 90
"""Characters to a workplace in a list of them; a text about universities has more."""

_VENUE = re.compile(r"[\w& -]{2,30}\s(?:'|\u2019)?(?:19|20)?\d\d(?:\s*[\w()]{0,12})?")
_PEOPLE_LENGTH = 5000
_SEPARATOR = re.compile(r"\s+[\u00b7\u2022|]\s+")
_PARTICLE = r"(?:van|von|de|del|della|der|den|di|da|dos|du|la|le|el|al|bin|ter|ten)"
_PERSON = (
    r"[A-Z\u00c0-\u00de\u0100-\u017d][\w.'\u2019-]*+"
    rf"(?:\s++(?:{_PARTICLE}\s++)*[A-Z\u00c0-\u00de\u0100-\u017d][\w.'\u2019-]*+){{1,3}}"
    r"[\s\d*\u2020\u2021\u00a7]*+(?:\([^)]{1,60}\))?"
)
# White space is read in one way only: a run of it costs no more than it is long.
_PEOPLE = re.compile(
    rf"(?:by\s++)?{_PERSON}(?:\s*+(?:[,;|\u00b7&]|(?:,\s++)?(?<=\s)and\s)\s*+{_PERSON})+"
    rf"(?:\s*+(?:,\s++)?(?<=\s)et\ al\.?)?|{_PERSON}\s*+(?<=\s)et\s++al\.?"
)
_NOTED_PERSON = re.compile(
    rf"{_PERSON}(?<=[\d*)\u2020\u2021\u00a7])|[A-Z\u00c0-\u00de][\w'\u2019-]+ [A-Z]{{1,3}}\."
)


_PART = re.compile(
    r"(?:background|introduction|context|objectives?|purpose|aims?|(?:materials? and )?methods?"
    r"|methodology|(?:study )?design|setting|participants|results?|findings|conclusions?|discussion"
    r"|interpretation|significance)(?: and \w{4,12})?\s*(?P<end>[:\uff1a.]|\u2014|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of text: ``label`` names the field it is, ``block`` what blank lines surround, ``link``
    is the address that all of it leads to."""

    line: int
    text: str
    block: int
    label: str = ""
    link: str = ""

    @property
    def is_list_item(self) -> bool:
        return _LIST_ITEM.match(self.text) is not None


class _Line(NamedTuple):
    number: int
    text: str
    label: str
    indented: bool


def paragraphs(lines: Iterable[tuple[int, str | None]], width: int = 0) -> Iterator[Paragraph]:
    """Yield the paragraphs in order; memory holds one block at a time, of bounded length.

    A line that was skipped is None. ``width`` is that of the lines where the whole text is
    wrapped, else 0.
    """
    block: list[_Line] = []
    count = held = 0
    for number, line in lines:
        whole = (line or "").rstrip("\r\n")
        for text in [whole] if whole.isprintable() else _LINE_END.split(whole):
            stripped = text.strip()
            first = stripped[:1]
            is_rule = not first or (not first.isalnum() and _RULE.fullmatch(stripped) is not None)
            if is_rule or held > TEXT_LIMIT:
                yield from _in_block(block, count, width)
                count += 1
                block, held = [], 0
            if not is_rule:
                label, content = ("", stripped) if first.islower() else split_label(stripped)
                block.append(_Line(number, content, label, text[0].isspace()))
                held += len(text)
        if line is None:
            yield Paragraph(number, "", count, OVERLONG)
    yield from _in_block(block, count, width)


def split_label(text: str) -> tuple[str, str]:
    """Split ``Title: ...`` and its kind into the label, in lower case, and what it labels."""
    found = None if text[:1].islower() else _LABEL.match(text)
    if found is None:
        return "", text
    label = re.sub(r"\W", "_", (found[found.lastgroup or 0]).lower())
    return label, text[found.end() :]


def _with_lower_labels(lines: list[_Line]) -> list[_Line]:
    """Return a block with labels in lower case, which a title or an abstract must be among.

    Elsewhere such a word begins a line of prose.
    """
    if not [line for line in lines if line.text.startswith(("title: ", "abstract: "))]:
        return lines
    found = ((line, _LOWER_LABEL.match(line.text)) for line in lines)
    return [
        line._replace(label=label[1], text=line.text[label.end() :]) if label else line
        for line, label in found
    ]


def _in_block(lines: list[_Line], block: int, width: int) -> Iterator[Paragraph]:
    lines = _with_lower_labels(lines)
    if len(lines) == 1:
        yield _joined(lines, block)
        return
    named = not {"author", "authors"}.isdisjoint([line.label for line in lines])
    # A line of one word, such as an address, says nothing of the width that was wrapped to.
    lengths = [len(line.text) for line in lines if " " in line.text]
    widest = max([length for length in lengths if length <= _LONG], default=0)
    full = _FULL * (widest if widest >= _NARROW else width)
    group: list[_Line] = []
    for line in lines:
        if group and _begins_anew(line, group, full, named):
            yield _joined(group, block)
            group = []
        group.append(line)
    if group:
        yield _joined(group, block)


def _begins_anew(line: _Line, group: list[_Line], full: float, authors_are_named: bool) -> bool:
    before = group[-1]
    if line.label or len(line.text) > _LONG or len(before.text) > _LONG:
        return True
    if line.indented and not group[0].indented:
        return False
    if group[0].label not in ("", "abstract", "summary"):
        # What follows a title is the authors, unless they have a label of their own.
        return not (group[0].label == "title" and authors_are_named)
    if before.text[-1:] == "-" and _is_hyphenated(before.text, line.text):
        return False
    if not full or (len(group) == 1 and is_boilerplate(before.text)):
        return True
    if line.text[0].islower() and not _ends_sentence(before.text):
        return False
    is_title = len(line.text) < full / 2 and _is_title_below_sentence(line.text, before.text)
    is_unfinished = len(group) > 1 or _UNFINISHED.search(before.text[-16:])
    if is_title or (not is_unfinished and _is_beside_title(line.text)):
        return True
    first_word = line.text.split(maxsplit=1)[0]
    return len(before.text) + 1 + len(first_word) <= full


def _is_title_below_sentence(text: str, before: str) -> bool:
    """Say whether a short line cannot be the last of the paragraph above: it does not end it."""
    begins = text.lstrip("*#- ")[:1]
    is_below = before.endswith(".") and begins.isupper() and len(text) > 3
    return is_below and not (_ends_sentence(text) or is_boilerplate(text))


def _ends_sentence(text: str) -> bool:
    return not text[-1].isalnum() and _SENTENCE_END.search(text[-8:]) is not None


def _is_hyphenated(before: str, after: str) -> bool:
    return _HYPHENATED.fullmatch(before[-2:]) is not None and after[0].islower()


def _joined(group: list[_Line], block: int) -> Paragraph:
    text = " ".join([line.text for line in group])
    if "- " in text:
        parts = (
            before.text if _is_hyphenated(before.text, line.text) else f"{before.text} "
            for before, line in itertools.pairwise(group)
        )
        text = "".join([*parts, group[-1].text])
    return Paragraph(group[0].number, text.lstrip(), block, group[0].label)


def is_part(text: str) -> bool:
    """Say whether a paragraph is a part of a structured abstract, which begins with its name."""
    return _PART.match(text) is not None


def is_part_name(text: str) -> bool:
    """Say whether a paragraph is only the name of such a part."""
    return len(text) < _NARROW and _PART.fullmatch(text) is not None


def is_boilerplate(text: str) -> bool:
    """Say whether a short paragraph is a button, a date, a count, a link or a notice."""
    return len(text) < _LONG and _is_boilerplate(text)


@lru_cache(maxsize=64)  # A title is looked at four times.
def _is_boilerplate(text: str) -> bool:
    bare = text.strip(" \t[](){}|:\u00b7\u2022.,!<>\u203a\u00bb\u2026").lower()
    return bare in _BUTTONS or _BOILERPLATE.fullmatch(text) is not None


def _is_beside_title(text: str) -> bool:
    """Say whether a line is authors, or boilerplate that cannot be the end of the line above."""
    bare = text.strip(" .!?()").lower()
    return is_people(text) or (is_boilerplate(text) and bare not in _ALSO_ENDS_TITLES)


def is_affiliations(text: str) -> bool:
    """Say whether a paragraph lists the places where authors work."""
    beginning = text[: 3 * _PER_WORKPLACE].lower()
    if not [word for word in _WORKPLACES if word in beginning]:
        return False
    lower = text.lower()
    places = sum(map(lower.count, _WORKPLACES))
    return places > 1 and places * _PER_WORKPLACE >= len(text)


def is_notice(text: str) -> bool:
    """Say whether a paragraph is about the page itself: cookies, newsletters, rights."""
    lower = text.lower()
    if not [word for word in _NOTICE_WORDS if word in lower]:
        return False
    return _NOTICE.search(text) is not None


@lru_cache(maxsize=64)  # As _is_boilerplate.
def is_people(text: str) -> bool:
    """Say whether a paragraph lists two authors or more."""
    return len(text) < _PEOPLE_LENGTH and _PEOPLE.fullmatch(text) is not None


def is_aside(text: str) -> bool:
    """Say whether a short paragraph is an invitation, a place or a venue rather than a title."""
    first, *others = _SEPARATOR.split(text)
    return bool(
        (others and (is_people(first) or any(map(is_boilerplate, others))))
        or _IMPERATIVE.fullmatch(text)
        or text.endswith("!")
        or text.lower().startswith("by")
        or is_notice(text)
        or is_people(text)
        or _NOTED_PERSON.fullmatch(text)
        or (len(text) < 80 and (_PLACE.search(text) or _VENUE.fullmatch(text)))
    )
