"""What a format is: recognised by its first bytes, read into papers.

A format is one module of this package that defines an instance of `Reader`; nothing else
has to know of it. `docs/formats.md` shows one in full.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from extractor.errors import UsageError
from extractor.paper import Paper
from extractor.readers._encoding import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.readers._source import Source

SURE = 1.0
LIKELY = 0.6
POSSIBLE = 0.3
LAST_RESORT = 0.1
NO = 0.0
NAME_COUNTS = 0.05
"""What a fitting suffix adds: enough to settle a tie, never to overrule the content."""

TEXT_LIMIT = 2**20
"""Characters that a title or an abstract may have; more is no abstract, and never held."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry of a dump that is no paper; the others are read all the same.

    ``line`` counts from 1, in the decompressed dump (in a Parquet file it counts rows).
    ``id`` and ``title`` are given as far as they are known.
    """

    line: int
    message: str
    id: str | None = None
    title: str | None = None


Item: TypeAlias = Paper | Unreadable


@dataclass(frozen=True, slots=True)
class Columns:
    """The names that the caller says the fields have; None where the reader shall find out."""

    title: str | None = None
    abstract: str | None = None
    id: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, str | None], reader: Reader) -> Columns:
        """Read ``title_column``, ``abstract_column`` and ``id_column``.

        Raises:
            UsageError: an option is unknown, or the format has no columns to be named.
        """
        given = {name: value for name, value in options.items() if value is not None}
        known = {f"{f.name}_column": f.name for f in fields(cls)}
        if unknown := sorted(given.keys() - known.keys()):
            raise UsageError(
                f"A dump has no option {unknown[0]!r}.", hint=f"Options: {', '.join(known)}."
            )
        if given and not reader.has_columns:
            raise UsageError(
                f"The format {reader.name} has no columns to be named.",
                hint=f"Leave out {', '.join(sorted(given))}, or name another format.",
            )
        return cls(**{known[name]: value for name, value in given.items()})


class Reader(ABC):
    """One format.

    ``name`` is what the user types, ``suffixes`` what such files end in, ``title`` a line for
    listings. ``has_columns`` says whether the fields have names that a caller may give.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    has_columns: ClassVar[bool] = False

    @abstractmethod
    def sniff(self, head: bytes) -> float:
        """Say how surely a dump that begins with ``head`` has this format, from 0 to 1."""

    @abstractmethod
    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        """Yield the papers in order; one whose ``id`` is empty is given its running number."""


def entry(
    line: int, paper_id: str, title: str, abstract: str, source: Mapping[str, object]
) -> Item:
    """Return the paper, or why it is none.

    Control characters become spaces, one for one; all else stays as it is, since offsets
    are counted in these very strings.
    """
    if len(abstract) > TEXT_LIMIT or len(title) > TEXT_LIMIT:
        return Unreadable(line, "The abstract is too long to be one.", paper_id, title[:200])
    if not (title.isprintable() and abstract.isprintable() and paper_id.isprintable()):
        title, abstract, paper_id = printable(title), printable(abstract), printable(paper_id)
    if not title or title.isspace():
        return Unreadable(line, "There is no title.", paper_id or None)
    if not abstract or abstract.isspace():
        return Unreadable(line, "There is no abstract.", paper_id or None, title)
    return Paper(paper_id, title, abstract, source)
