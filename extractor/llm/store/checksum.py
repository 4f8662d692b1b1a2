"""Checksums of rows: what is read is what was written under the same key, or nothing."""

from __future__ import annotations

import zlib

_WIDTH = len("01234567 ")


def sealed(key: str, text: str) -> str:
    """The row of a text: its checksum, with the key's, before it."""
    return f"{_checksum(key, text.encode()).decode()}{text}"


def unsealed(key: str, row: object) -> bytes | None:
    """The text of a row's value, or None if it is not what was stored under this key.

    A row that begins with its JSON object was written by a version without checksums. It is read
    as it is, so that nobody pays again for it. No single damage makes another row look like that.
    """
    if not isinstance(row, bytes):
        return None
    if row.startswith(b"{"):
        return row
    text = row[_WIDTH:]
    return text if row[:_WIDTH] == _checksum(key, text) else None


def _checksum(key: str, text: bytes) -> bytes:
    return b"%08x " % zlib.crc32(text, zlib.crc32(key.encode()))
