"""Bytes to text: UTF-8 first, byte-order marks honoured, else what Windows wrote."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING

from extractor.readers._compression import Rewound

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 2**16
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
MARK_LENGTH = 3

# Everything that no text holds on purpose and that JSON, terminals or UTF-8 choke on:
# control characters save tab and line ends, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _as_windows_wrote(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    try:
        return wrong.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return wrong.decode("latin-1"), error.end


ON_INVALID = "extractor.windows"
codecs.register_error(ON_INVALID, _as_windows_wrote)


def text_of(data: bytes) -> str:
    """Decode UTF-8; a byte that is none is read as Windows-1252, so that no line is lost."""
    return data.decode("utf-8", ON_INVALID)


def printable(text: str) -> str:
    """Put a space for each control character and U+FFFD for each half of a surrogate pair.

    One character for one: offsets into the text stay what they were.
    """
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda found: "\ufffd" if found[0] >= "\ud800" else " ", text)


def without_mark(head: bytes, raw: io.RawIOBase) -> io.RawIOBase:
    """Return the stream that begins with ``head`` and goes on with ``raw`` as plain UTF-8."""
    if head.startswith(codecs.BOM_UTF8):
        return Rewound(head.removeprefix(codecs.BOM_UTF8), raw)
    for mark, encoding in _UTF16.items():
        if head.startswith(mark):
            return _Transcoded(Rewound(head.removeprefix(mark), raw), encoding)
    return Rewound(head, raw)


class _Transcoded(io.RawIOBase):
    """UTF-16 read as UTF-8."""

    def __init__(self, raw: io.RawIOBase, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._ready:
            chunk = self._raw.read(_CHUNK) or b""
            self._ready = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        view = memoryview(buffer).cast("B")
        data = self._ready[: len(view)]
        self._ready = self._ready[len(data) :]
        view[: len(data)] = data
        return len(data)
