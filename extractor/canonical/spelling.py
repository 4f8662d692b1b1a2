"""What of a name's spelling does not matter: case, accents, hyphens, spaces, quotes and signs."""

from __future__ import annotations

import re
import unicodedata

_TRADE_MARKS = re.compile(r"[™®©]|\((?:R|TM|C)\)", re.I)
_QUOTES = re.compile(r"[\"'“”‘’`´$]")
_TIMES = re.compile(r"×|\\times(?![a-z])")
_JOINTS = re.compile(r"[-\s_()\[\]{}\u2010-\u2015\u2212]+")
_LONE_DOT = re.compile(r"(?<!\d)\.|\.(?!\d)")
_EDGES = " ,;:/.&"


def words_of(name: str) -> list[str]:
    """The words of a name between its spaces, without trade marks."""
    return _TRADE_MARKS.sub("", name).split()


def squeezed(name: str) -> str:
    """A name in small letters, without accents, and without the joints between its words.

    Between two digits a joint stays, as a hyphen: "Llama 2 7B" is not "Llama 27B". So do signs
    that tell names apart, such as those of "C++" and "CIFAR-10/100".
    """
    plain = _TIMES.sub("x", _QUOTES.sub("", " ".join(words_of(name))))
    folded = unicodedata.normalize("NFKD", plain.casefold()).casefold()
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return _JOINTS.sub(_joint, _LONE_DOT.sub("", bare).strip(_EDGES)).strip(_EDGES)


def _joint(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    return "-" if text[:start][-1:].isdigit() and text[end : end + 1].isdigit() else ""
