"""Bytes to text: which encoding a document has, and what becomes of bytes that do not fit it.

A byte-order mark decides first, then what the document declares, else it is UTF-8. A byte that
is invalid there is read as Windows-1252.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from extractor.grounding.hidden import TERMINAL

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # It begins as that of UTF-16 does.
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
ON_INVALID = "extractor.windows"

# Everything that no text holds on purpose and that JSON, terminals or UTF-8 choke on:
# control characters save tab and line ends, and halves of surrogate pairs.
_CONTROL = re.compile(f"{TERMINAL}|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK = "\x0b\x0c\x85"
_JOINER = "\u2060"
_XML = re.compile(rb"""<\?xml[^>]{0,100}?\sencoding=["']([\w.:-]+)["']""")
_HTML = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w.:-]+)", re.IGNORECASE)


def _as_windows_wrote(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


codecs.register_error(ON_INVALID, _as_windows_wrote)


def decode_text(data: bytes) -> str:
    """Decode UTF-8; an invalid byte is read as Windows-1252, so that no line is lost."""
    return data.decode("utf-8", ON_INVALID)


@lru_cache(maxsize=1)
def decode_head(head: bytes) -> str:
    """Decode the beginning of a dump, which every format looks at."""
    return decode_text(head)


def document_decoder(head: bytes, *, html: bool = False) -> codecs.IncrementalDecoder:
    """Return a decoder for the XML or HTML document that begins with ``head``.

    The encoding is the one of the XML declaration, or in HTML of the first ``<meta charset>``, if
    it reads ASCII as ASCII. A declared UTF-16 or UTF-32 is not believed: `Source` has already made
    UTF-8 of what had a byte-order mark.
    """
    declared = _XML.match(head) or (_HTML.search(head) if html else None)
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        name = codecs.lookup(name).name
        if name.startswith(("utf", "ascii")) or b"<meta>".decode(name, ON_INVALID) != "<meta>":
            name = "utf-8"
    except (LookupError, UnicodeError):
        name = "utf-8"
    return codecs.getincrementaldecoder(name)(ON_INVALID)


def printable(text: str, *, control: str = _JOINER) -> str:
    """Put something harmless for each control character, and U+FFFD for half of a surrogate pair.

    That is a space for a vertical tab, a form feed and a next line, what Windows-1252 means by the
    code if it is over 0x7F, else ``control``, by default a character that nobody sees: it cuts no
    word and no number in two. One character for one: offsets into the text stay what they were.
    """
    # Nearly every text has nothing else that is not printed, and this is found out fast.
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _CONTROL.sub(lambda found: _harmless(found[0], control), text)


def _harmless(found: str, control: str) -> str:
    if len(found) > 1:
        return control * len(found)
    if found in _BLANK:
        return " "
    if found >= "\ud800":
        return "\ufffd"
    if found >= "\x80":
        return found.encode("latin-1").decode("cp1252", "ignore") or control
    return control
