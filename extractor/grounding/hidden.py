"""Characters that nobody sees: zero-width and direction marks, soft hyphens, tags, controls."""

from __future__ import annotations

import re

_RANGES = (
    # Controls, save those that separate words: tab, line ends, and a form feed or the like.
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F),
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE007F), (0xE0100, 0xE01EF),
)  # fmt: skip
_ALWAYS = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_JOINERS = "\u200c\u200d"
# After Arabic and Indic letters and emoji the joiners change what is seen.
_JOINED = "\u0600-\u061b\u061d-\u109f\u2190-\u2bff\U0001f000-\U0001faff"
# What a terminal takes for a command: colours, moves, a window's title.
TERMINAL = (
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x9b[0-?]{1,64}[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)"
)
_HIDDEN = re.compile(f"{TERMINAL}|[{_ALWAYS}]|(?<![{_JOINED}])[{_JOINERS}]")

HIDDEN = _ALWAYS + _JOINERS
"""All of them, for `str.strip`."""

_ANY = frozenset(HIDDEN)


def visible(text: str) -> str:
    """The text without hidden characters; the same object if it has none."""
    # The set of a text's characters is made in a sixtieth of the time of the substitution.
    if (text.isascii() and text.isprintable()) or _ANY.isdisjoint(set(text)):
        return text
    return _HIDDEN.sub("", text)


def visible_places(text: str) -> list[int]:
    """Where each character of `visible` stands in the text."""
    hidden = {at for found in _HIDDEN.finditer(text) for at in range(*found.span())}
    return [place for place in range(len(text)) if place not in hidden]
