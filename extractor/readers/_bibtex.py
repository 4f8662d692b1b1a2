"""BibTeX as it is written: the entries of a stream, whatever is wrong with some of them.

An entry begins where a line does, or behind the brace that closes the one before. Whatever comes
between, and whatever is not closed, ends there: so no entry takes the next one along.
"""

from __future__ import annotations

import calendar
import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

from extractor.readers._encoding import ON_INVALID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.readers._source import Source

_CHUNK = 2**18
_ENTRY_LIMIT = 2**22
_OPENING = 2**9
"""Characters that the beginning of an entry may have, down to the comma after its key."""

_PATIENCE = 30
"""How often in an entry the end of a quoted value is looked for in vain, to the very end."""

_INDENT = 100
_BLANKS = " \t\x0b\x0c\xa0\u200b\ufeff"

# Two words only where a key follows: the one may also be a name in a text.
_TYPE = r"\w[\w.:+*/-]*+(?:[ \t]++\w++(?=[ \t]*\{\s*[^\s{},]*,))?"
# A parenthesis opens an entry as a brace does, but only where a key or a macro follows.
_AT = rf"@[ \t]*+(?:{_TYPE}\s*+\{{|string\s*+\(|{_TYPE}[ \t]*+\((?=\s*+[^\s,=\"(){{}}]++\s*+,))"
_OPENING_ANYWHERE = re.compile(_AT, re.IGNORECASE)
_OPENS = re.compile(rf"[\s,;}})]*+(?={_AT})@\s*({_TYPE})\s*([{{(])\s*", re.IGNORECASE)
_CLOSES = {"{": "}", "(": ")"}
_KEY_AND_FIELD = re.compile(r"@[ \t]*+\w++\s*+\{[^\s{},]*+,\s*+[\w-]++\s*+=\s*+[{\"]")

_KEY = re.compile(r"((?:[^,{}]++|\{[^{}]*+\})*+),?")
_NO_KEY = re.compile(r"[\w-]++\s*+=\s*+[{\"]")
_NO_COMMA = re.compile(r"\s[\w-]++\s*+=\s*+[{\"]|\A[^\r\n]*+[\r\n][^=]*+=")
_NAME = re.compile(r"([^=,{}\"#()]++)=\s*+")
_ANOTHER_FIELD = re.compile(r"\s*+,\s*+[\w-]++\s*+=\s*+[{\"\d]")
_JUNK = re.compile(r"[^,{}\")]++|.", re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*+")
_BARE = {"}": re.compile(r"[^,{}\"#\r\n]*+"), ")": re.compile(r"[^,{}\"#\r\n)]*+")}
_JOIN = re.compile(r"\s*+#\s*+")
_SHALLOW = re.compile(r"\{(?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+\}")
_BRACES = re.compile(r"[{}]")
_UNESCAPED_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_AN_ESCAPED_BRACE = re.compile(r"\\[{}]")
# Quotation marks within a value are common; the one that closes it has something behind it.
_BEHIND = r"\s*+(?:[#})]|\Z|,?\s*+(?:[^\W\d][\w:.+ -]{0,60}=|[})%]|\Z))"
_END = rf"\"(?={_BEHIND})"
_QUOTED = re.compile(rf"[{{}}]|{_END}")
_PLAINLY_QUOTED = re.compile(rf"\"(?:[^{{}}\"]++|\{{(?:[^{{}}]++|\{{[^{{}}]*+\}})*+\}})*+{_END}")
# A value with a brace too many goes on to one that has something behind it, not to the next field.
_ENDS_WELL = re.compile(rf"[\s,]*+{_BEHIND}")
_GOES_ON = re.compile(
    r"(?:(?!\}|=\s*+[{\"]|,\s*+[\w-]++\s*+=)[^}]"
    r"|\}(?!\s*+(?:\}|,\s*+(?:[\w-]++\s*+=|\})))){0,50000}+\}",
)
_LOOSELY_QUOTED = re.compile(r"[{}\"]")

_DECLARED = re.compile(rb"^%+\s*(?:-\*-.*?coding|encoding)\s*[:=]\s*([\w.:-]+)", re.I | re.M)
_MONTHS = {name[:3].lower(): name for name in calendar.month_name[1:]}
UNBALANCED = "This is not a BibTeX entry: check that its braces and quotation marks are balanced."


def entries(source: Source) -> Iterator[tuple[int, Entry | None]]:
    """Yield each entry with the line on which it begins; None for one that is too long."""
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
                yield line, entry
            line += _lines(text, opened.start(1), entry.end)
            place = entry.end
        if is_cut:
            yield line + _lines(text, place, len(text) - len(text[place:].lstrip())), None


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
        for begins in beginnings(text, searched):
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


def beginnings(text: str, start: int) -> Iterator[int]:
    """Yield where a line begins an entry, blanks apart, or a brace is followed by one for sure."""
    for found in _OPENING_ANYWHERE.finditer(text, start):
        place = found.start()
        before = text[max(0, place - _INDENT) : place].rstrip(_BLANKS)
        if (
            before.endswith(("\n", "\r"))
            or (not before and place < _INDENT)
            or (before.endswith("}") and _KEY_AND_FIELD.match(text, place))
        ):
            yield place


def _decoder(head: bytes) -> codecs.IncrementalDecoder:
    """Return a decoder for what the file says it is in, if it is not in UTF-8 all the same."""
    declared = _DECLARED.search(head)
    name = declared[1].decode().removeprefix("x-") if declared else "utf-8"
    try:
        if not head.isascii():
            codecs.getincrementaldecoder("utf-8")().decode(head)
            name = "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        is_wide = b"@{}".decode(name) != "@{}"
    except (LookupError, UnicodeError):
        is_wide = True
    return codecs.getincrementaldecoder("utf-8" if is_wide else name)(ON_INVALID)


def _lines(text: str, start: int, end: int) -> int:
    return text.count("\n", start, end) or text.count("\r", start, end)


class Entry(NamedTuple):
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

    def define(self, entry: Entry) -> None:
        for name, value in entry.fields:
            self._room -= len(name) + len(value)
            if self._room > 0:
                self._values[name] = value

    def value(self, name: str) -> str:
        return self._values.get(name.lower(), name)


def _parse(text: str, opened: re.Match[str], macros: _Macros) -> Entry:
    r"""Parse the entry that opens there.

    To BibTeX the brace of ``\{`` counts as any other. Where an entry does not come out even that
    way, it is tried the way of those who wrote it without its counterpart.
    """
    scan = _Scan(text, opened, macros, _BRACES)
    entry = scan.entry()
    is_even = entry.is_closed and not scan.has_passed_braces and _ends_well(text, entry.end)
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
        self._patience = _PATIENCE
        self.has_passed_braces = False

    def entry(self) -> Entry:
        if self._kind in ("comment", "preamble"):
            end = self._end_of_group(self._start)
            return Entry(self._kind, "", [], end or len(self._text), end is not None, "")
        key, fault = ("", "") if self._kind == "string" else self._key()
        fields: list[tuple[str, str]] = []
        while not fault.startswith(UNBALANCED):
            self._place = _BETWEEN.match(self._text, self._place).end()  # type: ignore[union-attr]
            following = self._text[self._place : self._place + 1]
            if following == self._closes and not _ANOTHER_FIELD.match(self._text, self._place + 1):
                return Entry(self._kind, key, fields, self._place + 1, True, fault)
            if not following:
                fault = fault or self._swallowed(fields)
                break
            if named := _NAME.match(self._text, self._place):
                self._place = named.end()
                value = self._value()
                if value is None:
                    fault = UNBALANCED
                else:
                    # What is above the name's own line is a comment.
                    name = named[1].strip().rpartition("\n")[2]
                    fields.append((name.strip().lower(), value))
            else:
                self._skip(following)
        return Entry(self._kind, key, fields, len(self._text), False, fault)

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
        return UNBALANCED

    def _skip(self, following: str) -> None:
        """Pass over what is no field, such as a brace too many before the next one."""
        self.has_passed_braces |= following == self._closes
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
            if following == "{" and not _ENDS_WELL.match(self._text, end):
                end = self._end_further_on(end)
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

    def _end_further_on(self, end: int) -> int:
        """Return where the value ends if the brace that ended it was one too many."""
        longer = _GOES_ON.match(self._text, end) if self._patience else None
        self._patience -= longer is None and self._patience > 0
        return longer.end() if longer else end

    def _end_of_quoted(self, place: int) -> int | None:
        if plain := _PLAINLY_QUOTED.match(self._text, place):
            return plain.end()
        if self._patience:
            if end := self._end_by(_QUOTED, place):
                return end
            self._patience -= 1
        return self._end_by(_LOOSELY_QUOTED, place)

    def _end_by(self, marks: re.Pattern[str], place: int) -> int | None:
        """Return where the first mark outside braces ends that is a quotation mark."""
        depth = 0
        for mark in marks.finditer(self._text, place + 1):
            if mark[0] != '"':
                depth = max(0, depth + (1 if mark[0] == "{" else -1))
            elif not depth:
                return mark.end()
        return None
