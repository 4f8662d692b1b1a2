"""Records and their abstracts, kept in a scratch file: memory holds where each begins."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.decisions import text_hash
from extractor.record import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ReadPaper:
    """A record as it was read, and the abstract of the dump."""

    record: Mapping[str, Any]
    abstract: str

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def title(self) -> str:
        return str(self.record["title"])

    def said(self, evidence: Mapping[str, Any]) -> str:
        """The words at a place."""
        text = self.title if evidence["source"] == "title" else self.abstract
        return text[evidence["start"] : evidence["end"]]

    @property
    def text(self) -> str:
        """The hash of the text that is read."""
        return text_hash(self.title, self.abstract)


class Papers:
    """Papers by number, in the order in which they were added."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 -- lives as long as this does
        self._starts = array("Q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, record: Mapping[str, Any], abstract: str) -> None:
        self._file.write(encode_json([record, abstract]))
        self._starts.append(self._file.tell())

    def __getitem__(self, number: int) -> ReadPaper:
        if not 0 <= number < len(self):
            raise IndexError(number)
        self._file.seek(self._starts[number])
        size = self._starts[number + 1] - self._starts[number]
        return ReadPaper(*from_json(self._file.read(size)))

    def close(self) -> None:
        self._file.close()
