"""Keeps an API key out of everything that comes from a server, before anything else reads it.

A server may echo the key whole, in base64, broken over lines, with characters masked, or only half
of it. A reply with nothing like it is passed on as it is.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

REDACTED = "[key]"

# A shorter key, such as "none" or "ollama", is no secret, and may be a word of an answer.
_SHORTEST = 8
_SHOWN = 4  # characters of the key beside masked ones
_BETWEEN = re.compile(r"\\[nrt]|[\s\\\"'\u200b-\u200f\u2060\ufeff]")
_ESCAPED = re.compile(rb"\\u00[2-7]")  # an ASCII character, such as one of the key
_MASK = re.compile(r"[*•…]+|\.{2,}")
_MASKED = re.compile(r"[^\s\"'`<>]*(?:[*•…]|\.\.)[^\s\"'`<>]*")


class Redaction:
    """Replaces whatever shows at least half of a key by ``[key]``."""

    def __init__(self, key: str) -> None:
        self._key = key if len(key) >= _SHORTEST else ""
        self._forms = [(form, max(_SHORTEST, (len(form) + 1) // 2)) for form in _forms(self._key)]
        # Any half of the key has one of its parts in it, the first half of its base64 the first.
        parts = (_parts(form, half)[: None if form == key else 1] for form, half in self._forms)
        self._parts = [_squeezed(part.encode()) for each in parts for part in each]
        ends = self._key[:_SHOWN], self._key[-_SHOWN:]
        self._signs = [b"*", *(end.encode() for end in ends)]

    def content(self, content: bytes) -> bytes:
        """The body of a reply; JSON stays JSON."""
        if not self._key or not self._may_show_it(content):
            return content
        try:
            value = from_json(content)
        except ValueError:
            text = self._replaced(content.decode("utf-8", "surrogateescape"))
            return text.encode("utf-8", "surrogateescape")
        clean = self._clean(value)
        return content if clean == value else to_json(clean, inf_nan_mode="constants")

    def text(self, text: str) -> str:
        """A text; JSON within it, such as the arguments of a call, stays JSON."""
        if "\\" in text and text.lstrip()[:1] in ("{", "["):
            content = self.content(text.encode("utf-8", "surrogatepass"))
            return content.decode("utf-8", "surrogatepass")
        return self._replaced(text)

    def _may_show_it(self, content: bytes) -> bool:
        """Whether a closer look is needed, as for few replies."""
        return (
            any(sign in content for sign in self._signs)
            or self._has_part(content)
            or _ESCAPED.search(content) is not None
        )

    def _has_part(self, content: bytes) -> bool:
        squeezed = _squeezed(content)
        return any(part in squeezed for part in self._parts)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        if isinstance(value, dict):
            return {self.text(name): self._clean(each) for name, each in value.items()}
        return value

    def _replaced(self, text: str) -> str:
        spans = sorted((*self._halves(text), *self._masked(text)))
        shown, reached = [], 0
        for start, end in spans:
            if start >= reached:
                shown += [text[reached:start], REDACTED]
            reached = max(reached, end)
        return "".join([*shown, text[reached:]]) if spans else text

    def _halves(self, text: str) -> Iterator[tuple[int, int]]:
        """Where half of a form stands, whatever blanks are between its characters."""
        if not self._has_part(text.encode("utf-8", "surrogatepass")):
            return
        between = {at for found in _BETWEEN.finditer(text) for at in range(*found.span())}
        places = [at for at in range(len(text)) if at not in between]
        bare = "".join(text[at] for at in places)
        for form, half in self._forms:
            for first in range(len(form) - half + 1):
                found = bare.find(form[first : first + half])
                while found >= 0:
                    yield places[found], places[found + half - 1] + 1
                    found = bare.find(form[first : first + half], found + 1)

    def _masked(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a part of the key stands beside masked characters: "sk-pro****x1Yz"."""
        key, sizes = self._key, range(_SHOWN, len(self._key))
        for found in _MASKED.finditer(text) if _MASK.search(text) else ():
            left, *_, right = _MASK.split(found.group())
            if any(
                left.endswith(key[:size]) or right.startswith(key[-size:]) for size in sizes
            ) or _fits(found.group(), key):
                yield found.span()


def _fits(masked: str, key: str) -> bool:
    """Whether each character is the key's or a mask: "s*-p*o*-"."""
    for at in range(len(masked) - len(key) + 1):
        pairs = list(zip(masked[at:], key, strict=False))
        same = sum(said == meant for said, meant in pairs)
        if same >= _SHOWN and all(said in ("*", "•", meant) for said, meant in pairs):
            return True
    return False


def _forms(key: str) -> Iterator[str]:
    """The key, and its base64 wherever in the encoded bytes it begins."""
    if not key:
        return
    yield key
    for before in range(3):
        encoded = b64encode(b"\0" * before + key.encode()).decode()
        # Without the characters that depend on the neighbours.
        own = encoded[(before * 8 + 5) // 6 :].rstrip("=")
        own = own[:-1] if (before + len(key)) % 3 else own
        yield from dict.fromkeys((own, own.replace("+", "-").replace("/", "_")))


def _parts(form: str, half: int) -> list[str]:
    """Pieces of a form, one of which is in every half of it, wherever that begins."""
    size = (half + 1) // 2
    return [form[at : at + size] for at in range(0, len(form) - size + 1, size)]


def _squeezed(content: bytes) -> bytes:
    """The content without blanks and their escapes, and so without every n, r and t."""
    return content.translate(None, b" \t\r\n\\\"'nrt")
