"""The objects and lists in a text that is meant to be JSON, read as a person would read them.

Models write JSON into prose, leave commas or quotes out, or close a bracket too few. Nothing is
invented: a value that is not whole makes the object around it unreadable. Takes linear time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 64
_LONGEST = 100_000
_MOST_ENCODINGS = 4
_MOST_WORK = 8  # times the length of the text
_OPENING = re.compile(r"[{\[]")
_GAP = re.compile(r"(?:[\s,;，]++|(?://|#)[^\n\\]{0,500}|/\*[^*]{0,500}\*/)*+")
_COMMAS = re.compile(r"[,;，]")
_COLON = re.compile(r"\s*[:：]")
_COLON_OF_KEY = re.compile(r"\s*(?:[:：]|=>?|(?=[\[{]))")
_WORD = re.compile(r"[\w.+$-]+")
_NAME = re.compile(r"[^\W\d][\w$-]*")
_WHOLE = re.compile(r"[+-]?\d{1,4000}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LITERALS = {
    "null": None,
    "none": None,
    "undefined": None,
    "nil": None,
    "true": True,
    "false": False,
}
_QUOTES = {'"': '"', "'": "'", "“": '”“"', "”": '”“"', "„": '”“"'}
_STOPS = {quote: re.compile(rf"[\\{ends}]") for quote, ends in _QUOTES.items()}
# What follows the quote at a string's end; any other quote is part of the string.
_AFTER = re.compile(
    r"""\s*(?:[,:，：}\]`]|;\s*["'“]|\\n|\Z|//|/\*|["'“][^"'“”\\\n]{0,80}["'”]\s*:)|\s*?;?\n"""
)
_AFTER_KEY = re.compile(r"""\s*(?:=>?\s*["'“\[{\w+-]|[\[{])""")
# A key that lost one of its quotes, and a text that lost its first one.
_KEY = re.compile(r"""["'“][^"'“”\\\n]{0,100}["'”]\s*[:：=\[{]""")
_HALF_KEY = re.compile(r"""["“]?([^\W\d][\w$-]{0,100})["”]?(?=\s*[:：])""")
_HALF_TEXT = re.compile(r"""([^\W\d][^"\\\n,:{}\[\]]{0,200})"(?=\s*[,}\]\n])""")
_MORE = re.compile(r"""\s*,\s*["'“]""")
_ESCAPE = re.compile(r"""\\(u[0-9a-fA-F]{4}|["'\\/bfnrt\n])""")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\n": ""}


class Found(NamedTuple):
    """An object or a list in a text; ``mended`` if its brackets had to be guessed."""

    value: dict[str, Any] | list[Any]
    mended: bool


def read_objects(text: str) -> Iterator[Found]:
    """The objects and lists of a text that lie in no other, in their order.

    None in a text of more than a hundred thousand characters, which is no answer, and none behind
    one that is nested too deeply.
    """
    work = _MOST_WORK * len(text) if len(text) <= _LONGEST else -1
    at = broken = 0
    while work >= 0 and (opening := _OPENING.search(text, at)):
        reader = _Reader(text, opening.start())
        try:
            value = reader.read()
        except _TooDeep:
            return
        except _Unreadable:
            if text.startswith("\\", reader.at):
                work -= len(text) - opening.start()
                if (plain := _decoded(text[opening.start() :])) is not None:
                    yield from read_objects(plain)
                    return
            at, broken = opening.end(), max(broken, reader.at)
        else:
            # A part of something unreadable may not be what is looked for.
            yield Found(value, reader.mended or opening.start() < broken)
            at = reader.at
        work -= max(reader.at - opening.start(), 1)


def _decoded(text: str) -> str | None:
    """A text that begins with an object that was encoded as a string, or more than once."""
    for _ in range(_MOST_ENCODINGS):
        text = unescaped(text)
        reader = _Reader(text, 0)
        try:
            reader.read()
        except _TooDeep:
            return None
        except _Unreadable:
            if not text.startswith("\\", reader.at):
                return None
        else:
            return text
    return None


def unescaped(text: str) -> str:
    """The text of a JSON string; unknown escapes (LaTeX) stay, half surrogate pairs are dropped."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _character(escape: re.Match[str]) -> str:
    name = escape[1]
    return chr(int(name[1:], 16)) if len(name) > 1 else _ESCAPES.get(name, name)


class _Unreadable(Exception):
    """Not JSON, in a person's reading either."""


class _TooDeep(Exception):
    """Nested as no answer is."""


class _Reader:
    """Reads one object or list from ``at`` on, and moves ``at`` behind it."""

    def __init__(self, text: str, at: int) -> None:
        self.at = at
        self.mended = False
        self._text = text
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        self._root: dict[str, Any] | list[Any] = []

    def read(self) -> dict[str, Any] | list[Any]:
        while True:
            self._step()
            if not self._open:
                return self._root
            before = self.at
            self.at = _GAP.match(self._text, self.at).end()  # type: ignore[union-attr]  # may be empty
            if self._text[self.at : self.at + 1] in ("", "`"):  # the end, also of a Markdown fence
                self._break_off(self._text[before : self.at])
                return self._root

    def _step(self) -> None:
        char = self._text[self.at]
        if char in "{[":
            self._begin({} if char == "{" else [])
        elif char in "}]":
            self._end(dict if char == "}" else list)
        else:
            self._scalar(char)

    def _begin(self, value: dict[str, Any] | list[Any]) -> None:
        if len(self._open) == _DEEPEST:
            raise _TooDeep
        if self._open:
            self._take(value)
        else:
            self._root = value
        self._open.append(value)
        self._keys.append(None)
        self.at += 1

    def _end(self, kind: type) -> None:
        """Close the innermost object or list of a kind, and what was left open in it."""
        self.at += 1
        if not any(isinstance(each, kind) for each in self._open):
            self.mended = True
            return
        while not isinstance(self._open[-1], kind):
            self._close()
            self.mended = True
        if kind is dict and len(self._open) == 1 and _MORE.match(self._text, self.at):
            self.mended = True  # a brace too many
            return
        self._close()

    def _close(self) -> None:
        if self._keys.pop() is not None:
            raise _Unreadable
        self._open.pop()

    def _break_off(self, gap: str) -> None:
        """The text ends here: only closing brackets may be missing."""
        if _COMMAS.search(gap) or self._text[self.at - len(gap) - 1] in "{[":
            raise _Unreadable
        while self._open:
            self._close()
        self.mended = True

    def _scalar(self, char: str) -> None:
        """A key, or a value that is no object and no list."""
        begin, is_key = self.at, self._expects_key()
        half = self._half(is_key)
        quoted = char in _QUOTES or half is not None
        text = half or (self._string(char, is_key) if quoted else self._word())
        colon = (_COLON_OF_KEY if is_key else _COLON).match(self._text, self.at)
        if colon is None:
            self._take(text if quoted else _plain(text))
            return
        if not is_key and quoted:
            text = self._take_unclosed(text)
        elif not quoted and not _NAME.fullmatch(text):
            raise _Unreadable
        while isinstance(self._open[-1], list):  # a list that was not closed
            self._close()
            self.mended = True
            if not self._open:
                self.at = begin
                raise _Unreadable
        if self._keys[-1] is not None:
            raise _Unreadable
        self._keys[-1] = text
        self.at = colon.end()

    def _expects_key(self) -> bool:
        return isinstance(self._open[-1], dict) and self._keys[-1] is None

    def _half(self, is_key: bool) -> str | None:
        """A key or a text that lost one of its quotes."""
        half = _HALF_KEY if is_key else _HALF_TEXT
        if is_key and _KEY.match(self._text, self.at):
            return None
        found = half.match(self._text, self.at)
        if found is None or found[1].casefold() in _LITERALS:
            return None
        self.at = found.end()
        return found[1]

    def _take_unclosed(self, text: str) -> str:
        """Take a text that lost its last quote, and so goes on to a key, which is returned."""
        value, quote, key = text.rpartition('"')
        value = value.rstrip()
        if not (quote and self._keys[-1] is not None and _NAME.fullmatch(key)):
            return text
        if not value.endswith(",") or '"' in value:
            return text
        self._take(value[:-1])
        return key

    def _take(self, value: Any) -> None:
        inner, key = self._open[-1], self._keys[-1]
        if isinstance(inner, list):
            inner.append(value)
        elif key is not None:
            inner[key] = value
            self._keys[-1] = None
        else:
            raise _Unreadable

    def _word(self) -> str:
        word = _WORD.match(self._text, self.at)
        if word is None:
            raise _Unreadable
        self.at = word.end()
        return word[0]

    def _string(self, quote: str, is_key: bool) -> str:
        begin = end = self.at + 1
        while stop := _STOPS[quote].search(self._text, end):
            end = stop.end()
            if stop[0] == "\\":
                end += 1
            elif _AFTER.match(self._text, end) or (is_key and _AFTER_KEY.match(self._text, end)):
                self.at = end
                return unescaped(self._text[begin : end - 1])
        self.at = len(self._text)
        raise _Unreadable


def _plain(word: str) -> Any:
    """The value of a word without quotes."""
    if word.casefold() in _LITERALS:
        return _LITERALS[word.casefold()]
    if _WHOLE.fullmatch(word):
        return int(word)
    if _NUMBER.fullmatch(word) and abs(number := float(word)) < float("inf"):
        return number
    raise _Unreadable
