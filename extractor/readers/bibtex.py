"""BibTeX and BibLaTeX with abstracts, as publishers, indexes and reference managers export them."""

from __future__ import annotations

import calendar
import codecs
import html
import re
from typing import TYPE_CHECKING, NamedTuple

from extractor.readers._encoding import ON_INVALID
from extractor.readers._latex import latex_to_text
from extractor.readers.base import (
    NO,
    POSSIBLE,
    SURE,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry,
    decode_text,
    guarded,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_CHUNK = 2**18
_ENTRY_LIMIT = 2**22
_OPENING = 2**9
"""Characters that the beginning of an entry may have, down to the comma after its key."""

_INDENT = 100
_PROSE = 10
"""Lines that an exporter may write above the first entry; more are a page that quotes one."""

_TYPE = r"[^\W\d_][\w.:+*/-]*+"
# A parenthesis opens an entry as a brace does, but only where a key or a macro follows.
_AT = rf"@[ \t]*+(?:{_TYPE}\s*+\{{|string\s*+\(|{_TYPE}[ \t]*+\((?=\s*+[^\s,=\"(){{}}]++\s*+,))"
_OPENING_ANYWHERE = re.compile(_AT, re.IGNORECASE)
_OPENS = re.compile(rf"[\s,;}})]*+(?={_AT})@\s*({_TYPE})\s*([{{(])\s*", re.IGNORECASE)
_CLOSES = {"{": "}", "(": ")"}

_KEY = re.compile(r"((?:[^,{}]++|\{[^{}]*+\})*+),?")
_NO_KEY = re.compile(r"[\w-]++\s*+=\s*+[{\"]")
_NO_COMMA = re.compile(r"\s[\w-]++\s*+=\s*+[{\"]|\A[^\r\n]*+[\r\n][^=]*+=")
_NAME = re.compile(r"([^=,{}\"#()]++)=\s*+")
_ANOTHER_FIELD = re.compile(r",\s*+[\w-]++\s*+=\s*+[{\"\d]")
_JUNK = re.compile(r"[^,{}\")]++|.", re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*+")
_BARE = {"}": re.compile(r"[^,{}\"#\r\n]*+"), ")": re.compile(r"[^,{}\"#\r\n)]*+")}
_JOIN = re.compile(r"\s*+#\s*+")
_SHALLOW = re.compile(r"\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\}")
_BRACES = re.compile(r"[{}]")
_UNESCAPED_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_AN_ESCAPED_BRACE = re.compile(r"\\[{}]")
# Quotation marks within a value are common; the one that closes it has something behind it.
_END = r"\"(?=\s*+(?:[#})]|\Z|,?\s*+(?:[^\W\d][\w:.+ -]{0,60}=|[})%]|\Z)))"
_QUOTED = re.compile(rf"[{{}}]|{_END}")
_PLAINLY_QUOTED = re.compile(rf"\"(?:[^{{}}\"]++|\{{(?:[^{{}}]++|\{{[^{{}}]*+\}})*+\}})*+{_END}")
_LOOSELY_QUOTED = re.compile(r"[{}\"]")

_DECLARED = re.compile(rb"^%+\s*(?:-\*-.*?coding|encoding)\s*[:=]\s*([\w.:-]+)", re.I | re.M)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]{2,10}\d{0,2});", re.IGNORECASE)
_MARK = re.compile(
    r"</?(?:jats:)?(?:[bipu]|em|strong|su[bp]|h\d|sec|title|italic|bold|span|div|br|[ou]l|li|inf)"
    r"(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_AND = re.compile(r"\sand(?=\s)|[{}]", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|[IVX]+", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_ARXIV = re.compile(r"arxiv[:.]\s*(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]+)?/\d{7})", re.I)
_MONTHS = {name[:3].lower(): name for name in calendar.month_name[1:]}
_UNBALANCED = "This is not a BibTeX entry: check that its braces and quotation marks are balanced."


class BibTex(Reader):
    """Entries with a title and an abstract; LaTeX is decoded, and formulas stay as they are."""

    name = "bibtex"
    title = "BibTeX with abstracts"
    suffixes = (".bib", ".bibtex")

    def sniff(self, head: bytes) -> float:
        text = decode_text(head)
        first = next(_beginnings(text, 0), None)
        if first is None or "=" not in text[first:]:
            return NO
        above = filter(None, map(str.strip, text[:first].splitlines()))
        prose = sum(not line.startswith("%") for line in above)
        return SURE if prose <= _PROSE else POSSIBLE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        macros = _Macros()
        for line, text, is_cut in _segments(source):
            place = 0
            while opened := _OPENS.match(text, place):
                line += _lines(text, place, opened.start(1))
                entry = _parse(text, opened, macros)
                if is_cut and not entry.is_closed:
                    break
                if entry.kind == "string":
                    macros.define(entry)
                elif entry.kind not in ("comment", "preamble"):
                    yield guarded(_build, line, entry)
                line += _lines(text, opened.start(1), entry.end)
                place = entry.end
            if is_cut:
                line += _lines(text, place, len(text) - len(text[place:].lstrip()))
                yield Unreadable(line, TOO_LONG)


def _segments(source: Source) -> Iterator[tuple[int, str, bool]]:
    """Yield the text from each line that begins an entry, with the line and whether it is cut."""
    decode = _decoder(source.head).decode
    line, text, has_begun, data = 1, "", False, b"-"
    while data:
        data = source.stream.read(_CHUNK)
        # Where the text ended before, the beginning of an entry may have been cut in two.
        searched = max(len(text) - _OPENING, int(has_begun))
        text += decode(data, final=not data)
        start = 0
        for begins in _beginnings(text, searched):
            if has_begun:
                yield line, text[start:begins], False
            line += _lines(text, start, begins)
            start, has_begun = begins, True
        if len(text) - start > _ENTRY_LIMIT and has_begun:
            yield line, text[start : start + _ENTRY_LIMIT], True
            has_begun = False
        if not has_begun:
            kept = max(start, len(text) - _OPENING)
            line += _lines(text, start, kept)
            start = kept
        text = text[start:]
    if has_begun:
        yield line, text, False


def _beginnings(text: str, start: int) -> Iterator[int]:
    """Yield where a line begins an entry, blanks apart."""
    for found in _OPENING_ANYWHERE.finditer(text, start):
        place = found.start()
        before = text[max(0, place - _INDENT) : place].rstrip(" \t")
        if before.endswith(("\n", "\r")) or (not before and place < _INDENT):
            yield place


def _decoder(head: bytes) -> codecs.IncrementalDecoder:
    """Return a decoder for what the file says it is in, if it is not in UTF-8 all the same."""
    declared = _DECLARED.search(head)
    name = declared[1].decode("ascii", "ignore").removeprefix("x-") if declared else "utf-8"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        name = "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return codecs.getincrementaldecoder(name)(ON_INVALID)
    except LookupError:
        return codecs.getincrementaldecoder("utf-8")(ON_INVALID)


def _lines(text: str, start: int, end: int) -> int:
    return text.count("\n", start, end) or text.count("\r", start, end)


class _Entry(NamedTuple):
    """What stands between ``@type{`` and its brace, or as much of it as could be made out."""

    kind: str
    key: str
    fields: list[tuple[str, str]]
    end: int
    is_closed: bool
    fault: str


class _Macros:
    """The names that ``@string`` gave to values, as far as they fit in memory."""

    def __init__(self) -> None:
        self._values = dict(_MONTHS)
        self._room = _ENTRY_LIMIT

    def define(self, entry: _Entry) -> None:
        for name, value in entry.fields:
            self._room -= len(name) + len(value)
            if self._room > 0:
                self._values[name] = value

    def value(self, name: str) -> str:
        return self._values.get(name.lower(), name)


def _parse(text: str, opened: re.Match[str], macros: _Macros) -> _Entry:
    r"""Parse the entry that opens there.

    To BibTeX the brace of ``\{`` counts as any other. Where an entry does not come out even that
    way, it is tried the way of those who wrote it without its counterpart.
    """
    entry = _Scan(text, opened, macros, _BRACES).entry()
    is_even = entry.is_closed and (entry.end == len(text) or _ends_well(text, entry.end))
    if is_even or not _AN_ESCAPED_BRACE.search(text, opened.end()):
        return entry
    again = _Scan(text, opened, macros, _UNESCAPED_BRACES).entry()
    return again if again.is_closed and _ends_well(text, again.end) else entry


def _ends_well(text: str, end: int) -> bool:
    return _OPENS.match(text, end) is not None or not text[end:].strip()


class _Scan:
    """One reading of an entry, with one notion of what a brace is."""

    def __init__(
        self, text: str, opened: re.Match[str], macros: _Macros, braces: re.Pattern[str]
    ) -> None:
        self._text = text
        self._kind = opened[1].lower()
        self._start = opened.start(2)
        self._place = opened.end()
        self._closes = _CLOSES[opened[2]]
        self._macros = macros
        self._braces = braces
        self._room = _ENTRY_LIMIT

    def entry(self) -> _Entry:
        if self._kind in ("comment", "preamble"):
            end = self._end_of_group(self._start)
            return _Entry(self._kind, "", [], end or len(self._text), end is not None, "")
        key, fault = ("", "") if self._kind == "string" else self._key()
        fields: list[tuple[str, str]] = []
        while not fault.startswith(_UNBALANCED):
            self._place = _BETWEEN.match(self._text, self._place).end()  # type: ignore[union-attr]
            following = self._text[self._place : self._place + 1]
            if following == self._closes:
                return _Entry(self._kind, key, fields, self._place + 1, True, fault)
            if not following:
                fault = fault or self._swallowed(fields)
                break
            if named := _NAME.match(self._text, self._place):
                self._place = named.end()
                value = self._value()
                if value is None:
                    fault = _UNBALANCED
                else:
                    # What is above the name's own line is a comment.
                    name = named[1].strip().rpartition("\n")[2]
                    fields.append((name.strip().lower(), value))
            else:
                self._skip(following)
        return _Entry(self._kind, key, fields, len(self._text), False, fault)

    def _key(self) -> tuple[str, str]:
        """Take the key, and return it with what is wrong about it."""
        if _NO_KEY.match(self._text, self._place):
            return "", ""
        found = _KEY.match(self._text, self._place)
        key = found[1].strip() if found else ""
        if _NO_COMMA.search(key):
            key = key.split(None, 1)[0]
            self._place += len(key)
            return key, f"There is no comma after the key {key[:80]}."
        self._place = found.end() if found else self._place
        return " ".join(key.split()), ""

    def _swallowed(self, fields: list[tuple[str, str]]) -> str:
        """Take away the last field if it holds the next one, and return what is wrong then."""
        if not fields or not _ANOTHER_FIELD.search(fields[-1][1]):
            return ""
        fields.pop()
        return _UNBALANCED

    def _skip(self, following: str) -> None:
        """Pass over what is no field."""
        end = self._end_of_group(self._place) if following == "{" else None
        if end is None and following == "{":
            end = len(self._text)
        self._place = end or _JUNK.match(self._text, self._place).end()  # type: ignore[union-attr]

    def _value(self) -> str | None:
        """Take the value, of parts that ``#`` joins; None if one is not closed."""
        parts: list[str] = []
        while True:
            part = self._part()
            if part is None:
                return None
            parts.append(part)
            joined = _JOIN.match(self._text, self._place)
            if not joined:
                return "".join(parts)
            self._place = joined.end()

    def _part(self) -> str | None:
        start = self._place
        following = self._text[start : start + 1]
        if following in ("{", '"'):
            end = self._end_of_group(start) if following == "{" else self._end_of_quoted(start)
            if end is None:
                return None
            self._place = end
            return self._text[start + 1 : end - 1]
        bare = _BARE[self._closes].match(self._text, start)
        self._place = bare.end() if bare else start
        name = self._text[start : self._place].strip()
        value = self._macros.value(name)
        self._room -= len(value)
        return value if self._room > 0 else name

    def _end_of_group(self, place: int) -> int | None:
        if self._braces is _BRACES and (shallow := _SHALLOW.match(self._text, place)):
            return shallow.end()
        depth = 0
        for brace in self._braces.finditer(self._text, place):
            depth += (brace[0] == "{") - (brace[0] == "}")
            if not depth:
                return brace.end()
        return None

    def _end_of_quoted(self, place: int) -> int | None:
        if plain := _PLAINLY_QUOTED.match(self._text, place):
            return plain.end()
        for pattern in (_QUOTED, _LOOSELY_QUOTED):
            depth = 0
            for mark in pattern.finditer(self._text, place + 1):
                if mark[0] != '"':
                    depth = max(0, depth + (1 if mark[0] == "{" else -1))
                elif not depth:
                    return mark.end()
        return None


def _build(line: int, entry: _Entry) -> Item:
    values: dict[str, list[str]] = {}
    for name, value in entry.fields:
        if value.strip():
            values.setdefault(name, []).append(value)
    raw = {name: found[0] for name, found in values.items()}

    def first(*names: str) -> str:
        return next((text for name in names if name in raw and (text := _text(raw[name]))), "")

    title, subtitle = first("title"), first("subtitle")
    if subtitle and subtitle not in title:
        title = f"{title}: {subtitle}"
    abstract = first("abstract")
    doi, arxiv_id, key = _doi(first("doi")), _arxiv_id(first, raw), entry.key
    if entry.fault and not (entry.fault is _UNBALANCED and title and abstract):
        return Unreadable(line, entry.fault, key or None, title or None)
    metadata = without_empty(
        authors=_authors(" and ".join(values.get("author", []))),
        categories=_keywords(values),
        doi=doi,
        arxiv_id=arxiv_id,
        venue=first("booktitle", "journal", "journaltitle"),
        date=_date(first("date"), first("year")),
        url=first("url"),
    )
    return build_entry(line, key or doi or arxiv_id, title, abstract, metadata)


def _text(value: str) -> str:
    text = latex_to_text(value)
    if "<" in text:
        text = " ".join(_MARK.sub(_gap, text).split())
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _gap(mark: re.Match[str]) -> str:
    """Return what is left of a mark: a space where it begins or ends a block."""
    return " " if re.match(r"</?(?:jats:)?(?:p|h\d|sec|title|div|br|[ou]l|li)\b", mark[0]) else ""


def _authors(text: str) -> list[str]:
    """Return the names, given name first; a brace keeps its ``and`` together."""
    names, start, depth = [], 0, 0
    for found in _AND.finditer(text):
        if found[0] in "{}":
            depth = max(0, depth + (1 if found[0] == "{" else -1))
        elif not depth:
            names.append(text[start : found.start()])
            start = found.end()
    names.append(text[start:])
    return [name for each in names if (name := _given_first(each.strip())) != "others" and name]


def _given_first(name: str) -> str:
    if name.startswith("{") and name.endswith("}") and "{" not in name[1:]:
        return _text(name)
    parts = [part.strip() for part in _text(name).split(",")]
    if any("=" in part for part in parts):
        pairs = (part.partition("=") for part in parts)
        named = {key.strip(): value.strip(' "') for key, _, value in pairs}
        order = ("given", "prefix", "family", "suffix")
        return " ".join(filter(None, (named.get(part) for part in order)))
    family, rest = parts[0], parts[1:]
    if len(rest) > 1 and not _SUFFIX.fullmatch(rest[-1]):
        rest.append(rest.pop(0))
    return " ".join(filter(None, [*rest[:1], family, *rest[1:]]))


def _keywords(values: Mapping[str, list[str]]) -> list[str]:
    names = ("keywords", "keyword", "author_keywords")
    found = next((values[name] for name in names if name in values), [])
    texts = map(_text, found)
    each = (part.strip() for text in texts for part in text.split(";" if ";" in text else ","))
    return list(dict.fromkeys(filter(None, each)))


def _date(date: str, year: str) -> str:
    return date if re.search(r"\d{4}", date) else f"{date} {year}".strip()


def _doi(text: str) -> str:
    found = _DOI.search(text)
    return found[0] if found else text


def _arxiv_id(first: Callable[..., str], raw: Mapping[str, str]) -> str:
    eprint = first("eprint")
    if first("archiveprefix", "eprinttype").lower() == "arxiv":
        return re.sub(r"(?i)^(?:https?://arxiv\.org/abs/|arxiv:)", "", eprint)
    places = (eprint, raw.get("journal", ""), raw.get("doi", ""), raw.get("note", ""))
    found = next(filter(None, map(_ARXIV.search, places)), None)
    return found[1] if found else ""
