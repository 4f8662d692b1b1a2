"""Papers that come more than once: those of the same DOI, or of the same title and abstract."""

from __future__ import annotations

import logging
import re
from textwrap import shorten
from typing import TYPE_CHECKING

from extractor.plurals import counted
from extractor.readers._metadata import doi_in
from extractor.readers.base import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.paper import Paper

logger = logging.getLogger("extractor.readers")

_REMEMBERED = 10**6
_EXAMPLES = 3
_TITLE_SHOWN = 60
# What tells C++ from C#, and a < b from a > b, stays.
_BETWEEN_WORDS = re.compile(r"[^\w+#<>=*/%]+|_")
_ASCII_BETWEEN_WORDS = bytes(byte for byte in range(128) if _BETWEEN_WORDS.fullmatch(chr(byte)))


class Duplicates:
    """Tells the papers that came before, by hashes: about 200 bytes a paper.

    Where papers are to be left out, all are remembered; else those of different files among the
    first million are counted.
    """

    def __init__(self, *, leave_out: bool) -> None:
        self.count = 0
        self._leave_out = leave_out
        self._first_file: dict[int, str] = {}
        self._examples: list[str] = []

    def take(self, paper: Paper, file: str) -> bool:
        """Say whether the paper is to be left out: it came before, in ``file`` or another."""
        keys = list(_keys(paper))
        before = next(filter(None, map(self._first_file.get, keys)), None)
        if self._leave_out or len(self._first_file) < _REMEMBERED:
            for key in keys:
                self._first_file.setdefault(key, file)
        if before is None or (before == file and not self._leave_out):
            return False
        self.count += 1
        logger.debug("%s: the paper %r came before, in %s", file, paper.id, before)
        if len(self._examples) < _EXAMPLES:
            title = shorten(paper.title, _TITLE_SHOWN, placeholder=" ...")
            self._examples.append(f"{title!r} ({file}, before in {before})")
        return self._leave_out

    def notes(self) -> list[str]:
        """Return a line that names the duplicates, none if there are none."""
        if not self.count:
            return []
        what = "left out, for they came before" if self._leave_out else "in more than one file"
        more = "" if self._leave_out else ". Use --unique to take each once"
        such_as = ", such as " if self.count > len(self._examples) else ": "
        return [f"{counted(self.count, 'paper')} {what}{such_as}{', '.join(self._examples)}{more}"]


def _keys(paper: Paper) -> Iterator[int]:
    for name, value in paper.source.items():
        if name.lower() == "doi" and (doi := doi_in(json_text(value))):
            yield hash(doi.lower())
    yield hash(_letters(f"{paper.title}\n{paper.abstract}"))


def _letters(text: str) -> bytes:
    """Return the letters, digits and signs of a text, all small."""
    if text.isascii():  # the same, and ten times as fast
        return text.lower().encode().translate(None, _ASCII_BETWEEN_WORDS)
    return _BETWEEN_WORDS.sub("", text).casefold().encode("utf-8", "surrogatepass")
