"""Keeps secrets out of everything that comes from a server, before anything else reads it.

A server may echo a key whole or only half of it, encoded, in other letters, with something between
its characters, in pieces, or masked. A reply with nothing like it is passed on as it is.
"""

from __future__ import annotations

import re
from base64 import b64encode
from bisect import bisect_left, bisect_right
from functools import cached_property
from html import unescape
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from pydantic_core import from_json, to_json

from extractor.grounding.hidden import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

REDACTED = "[key]"

# A shorter key, such as "none" or "ollama", is no secret, and may be a word of an answer.
_SHORTEST, _SHORT = 8, 12
_SHOWN = 4  # characters of the key beside masked ones

# What stands for a character: \u0073, \x73, \163, %73, &#115;, &#x73;, &hyphen;
_CODE = (
    r"(?:\\++(?:u00|u\{0*|U000000|x)|%(?:25)*|&(?:amp;)*\#x0*)(?P<hex>[2-7][0-9a-f])[;}]?"
    r"|&(?:amp;)*\#0*(?P<dec>\d{2,3})(?!\d);?|\\++0?(?P<oct>[01][0-7]{2})"
    r"|(?P<name>&(?:amp;)*[a-z][a-z0-9]{1,24};)"
    r"|\\++(?:u[0-9a-f]{4}|u\{[0-9a-f]{1,6}\}|x[0-9a-f]{2})|%(?:25)*[0-9a-f]{2}"
    r"|&(?:amp;)*\#x?[0-9a-f]{1,7};?"
)
_BETWEEN = re.compile(rf"{_CODE}|\\++[nrtbfv0]|[^!-~]+|[\\\"']+", re.IGNORECASE)
_NOT_HEX = re.compile(r"0x|[^0-9a-f]+", re.IGNORECASE | re.ASCII)
# All but letters and digits: markup, line ends written as escapes, letters of another width.
_NO_LETTER = re.compile(
    rf"{_CODE}|\\++[nrtbfv0]|</?[a-z][^<>]{{0,60}}>|(?P<other>[^\0-\x7f])"
    r"|[^0-9a-z%&\\<\x80-\U0010ffff]+|[%&\\<]",
    re.IGNORECASE | re.ASCII,
)
_UNSEEN = re.compile(rf"{_CODE}|[{re.escape(HIDDEN)}]+", re.IGNORECASE)

_MASK = (
    r"(?:[*•●]+|[x#_·]{3,}|[<\[({](?:[*•.…x#]+|[\w ]{0,9}(?:redact|hidden|mask|removed|secret"
    r"|filter|omitted|truncat)\w*)[>\])}])"
)
_ELLIPSIS = r"(?:…+|\.{2,})"
_MASKED_AFTER = re.compile(rf"(?P<mask>{_MASK})|{_ELLIPSIS}", re.IGNORECASE)
_MASKED_BEFORE = re.compile(rf"(?:(?P<mask>{_MASK})|{_ELLIPSIS})\Z", re.IGNORECASE)
_LONGEST_MASK = 200

# For the first look at a reply: codes, and all else that may stand between a key's characters.
_CODES = (
    (b"%", re.compile(rb"%[2-7][0-9A-Fa-f]|%25")),
    (b"&", re.compile(rb"&(?:#|\w{2,24};)")),
    (b"\\u", re.compile(rb"\\u(?:00[2-7]|\{|[Ff]{2}[0-5]|[Dd](?:835|[Bb]40))")),
    (b"\\U", re.compile(rb"\\U000000")),
    (b"\\x", re.compile(rb"\\x[0-9A-Fa-f]{2}")),
    (b"\\", re.compile(rb"\\0?[01][0-7]{2}")),
    # Full-width and mathematical letters, and tags.
    (b"\xef", re.compile(rb"\xef\xbc[\x90-\xba]|\xef\xbd[\x81-\x9a]")),
    (b"\xf0\x9d", re.compile(rb"\xf0\x9d[\x90-\x9f]")),
    (b"\xf3\xa0", re.compile(rb"\xf3\xa0[\x80-\x81]")),
)
_UNICODE = re.compile(rb"\\+u[0-9A-Fa-f]{4}")
_MARKUP = re.compile(rb"<\\?/?[A-Za-z][^<>]{0,60}>")
_LOWER = bytes(range(256)).lower()
_HEX_DIGITS, _ALNUM = b"0123456789abcdefABCDEF", bytes(c for c in range(128) if chr(c).isalnum())
_NO_HEX = bytes(set(range(256)) - set(_HEX_DIGITS))
_NO_BASE = bytes(set(range(256)) - set(_ALNUM) | set(b"nrtbfvNRTBFV"))


class Redaction:
    """Replaces whatever shows at least half of a secret by ``[key]``."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = [_Secret(each) for each in dict.fromkeys(secrets) if len(each) >= _SHORTEST]

    def content(self, content: bytes) -> bytes:
        """The body of a reply; JSON stays JSON."""
        if not self._secrets or not self._may_show_one(content):
            return content
        try:
            value = from_json(content)
        except ValueError:
            text = self._replaced(content.decode("utf-8", "surrogateescape"))
            return text.encode("utf-8", "surrogateescape")
        clean = self._joined(self._clean(value))
        return content if clean == value else to_json(clean, inf_nan_mode="constants")

    def text(self, text: str) -> str:
        """A text; JSON within it, such as the arguments of a call, stays JSON."""
        if text.lstrip()[:1] in ("{", "["):
            content = self.content(text.encode("utf-8", "surrogatepass"))
            return content.decode("utf-8", "surrogatepass")
        return self._replaced(text)

    def _may_show_one(self, content: bytes) -> bool:
        """Whether a closer look is needed, as for few replies."""
        if any(sign in content and code.search(content) for sign, code in _CODES):
            return True
        plain, hexadecimal = _plain(content), _hexadecimal(content)
        return any(each.may_be_in(content, plain, hexadecimal) for each in self._secrets)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        if isinstance(value, dict):
            return {self.text(name): self._clean(each) for name, each in value.items()}
        return value

    def _joined(self, value: Any) -> Any:
        """The value without those of its strings that show a secret one after the other."""
        strings = list(_strings(value))
        spans = self._spans("\n".join(strings))
        if not spans:
            return value
        starts = list(accumulate((len(each) + 1 for each in strings), initial=0))
        shown: set[int] = set()
        for start, end in spans:
            shown.update(range(bisect_right(starts, start) - 1, bisect_left(starts, end)))
        return _with_strings(
            value, iter([REDACTED if at in shown else each for at, each in enumerate(strings)])
        )

    def _spans(self, text: str) -> list[tuple[int, int]]:
        if len(text) < _SHOWN or not self._secrets:
            return []
        views = _Views(text)
        return sorted(span for each in self._secrets for span in each.spans(views))

    def _replaced(self, text: str) -> str:
        spans = self._spans(text)
        shown, reached = [], 0
        for start, end in spans:
            if start >= reached:
                shown += [text[reached:start], REDACTED]
            reached = max(reached, end)
        return "".join([*shown, text[reached:]]) if spans else text


class _View:
    """A text with its codes decoded and without what is between, and the way back."""

    def __init__(self, text: str, between: re.Pattern[str], *, lower: bool = False) -> None:
        pieces: list[str] = []
        self._firsts: list[int] = []  # where each piece begins in the view
        self._spans: list[tuple[int, int]] = []  # and what it was made from
        size = reached = 0
        for found in between.finditer(text):
            start, end = found.span()
            for piece, span in (
                (text[reached:start], (reached, start)),
                (_char(found), (start, end)),
            ):
                if piece:
                    pieces.append(piece)
                    self._firsts.append(size)
                    self._spans.append(span)
                    size += len(piece)
            reached = end
        self._firsts.append(size)
        self._spans.append((reached, len(text)))
        said = "".join([*pieces, text[reached:]])
        self.text = said.lower() if lower else said

    def origin(self, first: int, stop: int) -> tuple[int, int]:
        """The span of the text that ``self.text[first:stop]`` was made from."""
        return self._at(first)[0], self._at(stop - 1)[1]

    def _at(self, place: int) -> tuple[int, int]:
        index = bisect_right(self._firsts, place) - 1
        start, end = self._spans[index]
        offset = place - self._firsts[index]
        is_code = (
            index + 1 < len(self._firsts) and self._firsts[index + 1] - self._firsts[index] == 1
        )
        return (start, end) if is_code else (start + offset, start + offset + 1)


class _Views:
    """The views of a text, made on demand."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def bare(self) -> _View:
        """What a key may have."""
        return _View(self._text, _BETWEEN)

    @cached_property
    def seen(self) -> _View:
        """What is seen."""
        return _View(self._text, _UNSEEN)

    @cached_property
    def digits(self) -> _View:
        """Hexadecimal digits."""
        return _View(self._text, _NOT_HEX, lower=True)

    @cached_property
    def letters(self) -> _View:
        """Letters and digits, of whatever case, width and markup."""
        return _View(self._text, _NO_LETTER, lower=True)


def _char(code: re.Match[str]) -> str:
    """The character that a code stands for, "" for none that a key has."""
    groups = code.groupdict()
    if groups.get("name"):
        char = unescape("&" + groups["name"].rpartition("&")[2].removeprefix("amp;"))
        return char if len(char) == 1 and "!" <= char <= "~" else ""
    if other := groups.get("other"):
        # A tag, which nobody sees, stands for the character 0xE0000 before it.
        char = chr(ord(other) - 0xE0000) if other > "\U000e0020" else normalize("NFKC", other)
        return char if len(char) == 1 and char.isascii() and char.isalnum() else ""
    for base, name in ((16, "hex"), (10, "dec"), (8, "oct")):
        if digits := groups.get(name):
            return chr(number) if 0x21 <= (number := int(digits, base)) <= 0x7E else ""
    return ""


def _strings(value: Any) -> Iterator[str]:
    """The strings in a JSON value, save the names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _with_strings(value: Any, strings: Iterator[str]) -> Any:
    """The value with other strings in the places of its own."""
    if isinstance(value, str):
        return next(strings)
    if isinstance(value, list):
        return [_with_strings(each, strings) for each in value]
    if isinstance(value, dict):
        return {name: _with_strings(each, strings) for name, each in value.items()}
    return value


class _Form:
    """A spelling of a secret; whatever shows half of it has one of two parts of it."""

    def __init__(self, spelling: str, shortest: int = _SHORTEST) -> None:
        size = len(spelling)
        # Part of a short one may be a word, such as "password" of "password1".
        half = self._half = size if size < _SHORT else max(shortest, size // 2)
        part = min(half, (3 * half - size + 1) // 2)
        starts = {half - part, min(2 * (half - part) + 1, size - part)}
        self.spelling = spelling
        self.parts = {start: spelling[start : start + part] for start in starts}

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text has half of it or more."""
        for start, part in self.parts.items():
            at = text.find(part)
            while at >= 0:
                stop = at + len(part)
                left = _common(text[max(0, at - start) : at][::-1], self.spelling[:start][::-1])
                rest = self.spelling[start + len(part) :]
                right = _common(text[stop : stop + len(rest)], rest)
                if left + len(part) + right >= self._half:
                    yield at - left, stop + right
                at = text.find(part, stop + right)


class _Secret:
    def __init__(self, key: str) -> None:
        self._key = key
        encoded = list(_base64(key))
        twice = [b64encode(b64encode(key.encode())).decode().rstrip("=")]
        bare = (_View(each, _BETWEEN).text for each in (key, *encoded))
        self._forms = [_Form(each) for each in bare if len(each) >= _SHORTEST]
        letters = (
            _View(each, _NO_LETTER, lower=True).text
            for each in dict.fromkeys((key, *encoded, *twice))
        )
        self._loose = [_Form(each, _SHORT) for each in letters if len(each) >= _SHORT]
        self._hex = _Form(key.encode().hex())
        forms = (*self._forms, *self._loose)
        parts = {_plain(part.encode()) for form in forms for part in form.parts.values()}
        parts -= {each for each in parts if any(part in each for part in parts - {each})}
        ends = key[:_SHOWN], key[-_SHOWN:]
        self._signs = [b"*", "•".encode(), *(end.encode() for end in ends)]
        self._parts = [*parts, _plain(key[:_SHORTEST].encode()), _plain(key[-_SHORTEST:].encode())]
        self._hex_parts = [part.encode() for part in self._hex.parts.values()]

    def may_be_in(self, content: bytes, plain: bytes, hexadecimal: bytes) -> bool:
        return (
            any(map(content.__contains__, self._signs))
            or any(map(plain.__contains__, self._parts))
            or any(map(hexadecimal.__contains__, self._hex_parts))
        )

    def spans(self, views: _Views) -> Iterator[tuple[int, int]]:
        """Where a text shows it."""
        for forms, view in (
            (self._forms, views.bare),
            (self._loose, views.letters),
            ([self._hex], views.digits),
        ):
            for form in forms:
                yield from (view.origin(*span) for span in form.spans(view.text))
        yield from self._masked(views.seen)

    def _masked(self, seen: _View) -> Iterator[tuple[int, int]]:
        for start, end in (*self._begun(seen.text), *self._ended(seen.text)):
            yield seen.origin(start, end)
        if "*" in seen.text or "•" in seen.text:
            for found in self._sieve.finditer(seen.text):
                if sum(map(str.__eq__, found.group(), self._key)) >= _SHOWN:
                    yield seen.origin(*found.span())

    def _begun(self, text: str) -> Iterator[tuple[int, int]]:
        """Where its beginning stands before a mask: "sk-pro****", "sk-proj-...x1Yz"."""
        key = self._key
        for at in _places(key[:_SHOWN], text):
            if text[at - 1 : at].isalnum():
                continue
            stop = at + _common(text[at : at + len(key)], key)
            if mask := _MASKED_AFTER.match(text, stop, stop + _LONGEST_MASK):
                sizes = range(len(key) - 1, 0, -1)
                ended = (size for size in sizes if text.startswith(key[-size:], mask.end()))
                shown = next(ended, 0)
                if mask["mask"] or stop - at >= _SHORTEST or shown >= _SHOWN:
                    yield at, mask.end() + shown

    def _ended(self, text: str) -> Iterator[tuple[int, int]]:
        """Where its end stands behind a mask."""
        key, backwards = self._key, self._key[::-1]
        for at in _places(key[-_SHOWN:], text):
            end = at + _SHOWN
            if text[end : end + 1].isalnum():
                continue
            start = end - _common(text[max(0, end - len(key)) : end][::-1], backwards)
            mask = _MASKED_BEFORE.search(text, max(0, start - _LONGEST_MASK), start)
            if mask and (mask["mask"] or end - start >= _SHORTEST):
                yield mask.start(), end

    @cached_property
    def _sieve(self) -> re.Pattern[str]:
        """Any of its characters masked, but not both of the first: "s*-p*o*-"."""
        first, second, *others = map(re.escape, self._key)
        rest = "".join(f"[{each}*•]" for each in others)
        return re.compile(f"(?:{first}[{second}*•]|[*•]{second}){rest}")


def _places(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _base64(key: str) -> Iterator[str]:
    """The key in base64, wherever in the encoded bytes it begins."""
    for before in range(3):
        encoded = b64encode(b"\0" * before + key.encode()).decode()
        # Without the characters that depend on the neighbours.
        own = encoded[(before * 8 + 5) // 6 :].rstrip("=")
        own = own[:-1] if (before + len(key)) % 3 else own
        yield from dict.fromkeys((own, own.replace("+", "-").replace("/", "_")))


def _plain(content: bytes) -> bytes:
    """Letters and digits in lower case, without those of escapes such as those of line ends."""
    if b"\\u" in content:
        content = _UNICODE.sub(b"", content)
    if b"<" in content:
        content = _MARKUP.sub(b"", content)
    return content.translate(_LOWER, _NO_BASE)


def _hexadecimal(content: bytes) -> bytes:
    return content.replace(b"0x", b"").translate(_LOWER, _NO_HEX)
