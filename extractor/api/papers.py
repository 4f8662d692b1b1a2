"""What people have as papers: tables, dictionaries, tuples, texts, objects and files."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from pydantic_core import to_jsonable_python

from extractor.errors import ArgumentError
from extractor.llm.settings import check_number
from extractor.paper import Paper
from extractor.readers import Dump, Item, Unreadable, open_dumps, readers
from extractor.readers._shapes import levelled
from extractor.readers.base import Columns, build_entry
from extractor.readers.json_lines import JsonLines, missing_field
from extractor.run.prefetch import Arriving, Prefetch, as_item, as_items
from extractor.run.selection import Selection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Sequence
    from pathlib import Path

    from extractor.record import Failure
    from extractor.run.prefetch import PaperSource
    from extractor.run.selection import Source as Selectable

PaperInput: TypeAlias = "Iterable[Any] | os.PathLike[str]"
"""Papers in any form: see docs/python.md."""

FORM = (
    "Give dictionaries or rows of a table with a title and an abstract, tuples (title, abstract) "
    "or (id, title, abstract), texts with the title on the first line, or Paper objects."
)
_UNTITLED = "(no title)"
_MOST_NAMED = 30
_READER = JsonLines()


class Entries:
    """Papers in memory: read once, in order; what `extractor.readers.Dump` is for files."""

    name = "those given"
    identity = "papers in memory"
    size = None
    position = 0
    paths: Sequence[str] = ()

    def __init__(self, entries: Iterable[Any], columns: Columns) -> None:
        self._entries = entries
        self._columns = columns

    def __len__(self) -> int:
        """How many there are. Raises TypeError where nothing tells without reading them."""
        entries: Any = self._entries
        return len(next(iter(entries.values())) if isinstance(entries, Mapping) else entries)

    def __iter__(self) -> Iterator[Item]:
        for number, entry in enumerate(_rows(self._entries), start=1):
            yield read_entry(number, entry, self._columns)

    def notes(self) -> list[str]:
        return []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def open_papers(
    papers: PaperInput, reading: Mapping[str, Any], *, skip: Collection[Path] = ()
) -> Dump | Entries:
    """Open papers in any form: a path, or several, names files; anything else are entries.

    ``reading`` are the options of `extractor.api.options.Reading`; files to ``skip`` are
    not read in a folder. Raises ArgumentError, DumpError or UsageError.
    """
    if isinstance(papers, Dump):
        return papers
    if (places := _places(papers)) is not None:
        return open_dumps(
            places,
            format=reading.get("dump_format"),
            options=_column_options(reading),
            unique=reading.get("unique", False),
            skip=skip,
        )
    return Entries(_container(papers), _columns(reading))


def _column_options(reading: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: reading.get(name) for name in ("title_column", "abstract_column", "id_column")}


def _columns(reading: Mapping[str, Any]) -> Columns:
    """The columns of papers in memory. Raises ArgumentError for an option of files."""
    for name in ("dump_format", "unique"):
        if reading.get(name):
            raise ArgumentError(f"{name}= is for files.", hint="Leave it out for papers in memory.")
    return Columns.from_options(_column_options(reading), _READER)


@dataclass
class Choice:
    """Which papers a run takes: `extractor.run.selection`, and ``limit``, the most of them.

    ``places`` are those of the entries that were taken, from 0. Raises UsageError.
    """

    where: str | Sequence[str] | None = None
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    places: list[int] = field(default_factory=list, init=False)
    _selection: Selection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for name in ("limit", "sample"):
            if (number := getattr(self, name)) is not None:
                check_number(name, number)

    def of(self, source: Selectable) -> Selection:
        where = [self.where] if isinstance(self.where, str) else self.where or ()
        self._selection = Selection(source, where=where, sample=self.sample, seed=self.seed)
        return self._selection

    def items(self, source: Dump | Entries) -> Iterator[Item]:
        """Yield what is taken."""
        for place, item in self.of(source).placed(self.limit):
            self.places.append(place)
            yield item

    def total(self, source: Dump | Entries) -> int | None:
        """How many papers there are at the most; None where nothing tells without reading them."""
        if isinstance(source, Dump) or self.where:
            return None
        try:
            every = len(source)
        except TypeError:
            return None
        return min(each for each in (every, self.limit, self.sample) if each is not None)

    def likely_total(self) -> int | None:
        """How many papers there are, as well as that is known while they are read."""
        total = self._selection.extent.total if self._selection else None
        return total.number if total else None


@contextmanager
def open_source(
    papers: PaperInput | AsyncIterable[Any], reading: Mapping[str, Any], choice: Choice
) -> Iterator[tuple[Iterable[Paper | Failure] | PaperSource, int | None]]:
    """Open papers in any form, which may arrive asynchronously, for an engine; and how many.

    What is not in memory is read in a thread: it may take its time, and use the Extractor itself.
    Raises as `open_papers` does, and ArgumentError for a choice of those that arrive.
    """
    if isinstance(papers, AsyncIterable):
        for name in ("where", "limit", "sample"):
            if getattr(choice, name) is not None:
                raise ArgumentError(
                    f"{name}= is not for papers that arrive asynchronously.",
                    hint="Pass on those that are wanted.",
                )
        yield Arriving(_arriving(papers, _columns(reading))), None
        return
    with open_papers(papers, reading) as opened:
        items, total = as_items(choice.items(opened)), choice.total(opened)
        if total is not None:
            yield items, total
            return
        source = Prefetch(items)
        try:
            yield source, None
        finally:
            source.stop()
            source.join()


def read_entry(number: int, entry: object, columns: Columns) -> Item:
    """The paper that an entry is; ``number``, from 1, is the id of one without.

    One that is no paper is unreadable, and costs no other one. The first tells what the entries
    are like: where it has the wrong form, nothing is begun. Raises ArgumentError then.
    """
    try:
        item = _item(number, entry, columns)
    except ArgumentError as error:
        if number == 1:
            raise
        item = Unreadable(number, error.message)
    return item if item.id else replace(item, id=str(number))


async def _arriving(
    entries: AsyncIterable[Any], columns: Columns
) -> AsyncIterator[Paper | Failure]:
    number = 0
    async for entry in entries:
        number += 1
        yield as_item(read_entry(number, entry, columns))


def _item(number: int, entry: Any, columns: Columns) -> Item:
    if isinstance(entry, Paper | Unreadable):
        return entry
    if isinstance(entry, str):
        title, newline, abstract = entry.strip().partition("\n")
        if not newline:
            raise _no_paper(number, entry, "a text without a title on a line of its own")
        return _entry(number, "", title.strip(), abstract.strip())
    if isinstance(entry, tuple | list) and not hasattr(entry, "_asdict"):
        return _of_tuple(number, entry, columns)
    return _of_fields(number, _fields(number, entry), columns)


def _of_tuple(number: int, entry: Sequence[Any], columns: Columns) -> Item:
    if len(entry) == 2 and hasattr(entry[1], "keys"):  # a row of DataFrame.iterrows()
        return _of_fields(number, _fields(number, entry[1]), columns)
    texts = ["" if _is_missing(each) else each for each in entry]
    if len(texts) not in (2, 3) or not all(isinstance(each, str) for each in texts[-2:]):
        kinds = ", ".join(type(each).__name__ for each in entry)
        raise _no_paper(number, entry, f"a {type(entry).__name__} ({kinds})")
    paper_id = str(texts[0]) if len(texts) == 3 else ""
    return _entry(number, paper_id, *texts[-2:])


def read_paper(paper_id: str, title: str, abstract: str) -> Paper:
    """One paper as given. Raises ArgumentError where it is none."""
    item = _entry(1, paper_id, title.strip() and title, abstract)
    if isinstance(item, Unreadable):
        raise ArgumentError(item.message, hint="Give the texts of a paper.")
    return item


def _entry(number: int, paper_id: str, title: str, abstract: str) -> Item:
    """A paper as given; it may have no title, but needs an abstract."""
    item = build_entry(number, paper_id, title or _UNTITLED, abstract, {})
    return item if title or not isinstance(item, Paper) else replace(item, title="")


def _of_fields(number: int, named: dict[str, Any], columns: Columns) -> Item:
    found = levelled(named)
    reader = max(_readers(), key=lambda each: each.recognises(found))
    item = reader.item_of(number, dict(named), columns)
    if isinstance(item, Unreadable) and (missing := missing_field(named, columns)):
        given, field = missing
        what = f"no field {given!r}" if given else f"no field that is the {field}"
        raise ArgumentError(
            f"Entry {number} of the papers has {what}. It has: {_listed(named)}.",
            hint=f"Name one of these with {field}_column=. {FORM}",
        )
    if item.source:
        source = {name: each for name, each in item.source.items() if each is not None}
        return replace(item, source=source)
    return item


@cache
def _readers() -> list[JsonLines]:
    """What knows the objects of JSON; those of a catalogue best."""
    return [each for each in readers().values() if isinstance(each, JsonLines)]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(islice(names, _MOST_NAMED))


def _fields(number: int, entry: Any) -> dict[str, Any]:
    """The named values of a dictionary, a row or an object, as JSON values."""
    if hasattr(entry, "keys"):  # a dict, a Series, a row of sqlite3
        named = {name: entry[name] for name in entry.keys()}  # noqa: SIM118 -- not all are dicts
    elif hasattr(entry, "_asdict"):  # a row of DataFrame.itertuples()
        named = {name: each for name, each in entry._asdict().items() if name != "Index"}
    elif is_dataclass(entry):
        named = {each.name: getattr(entry, each.name) for each in fields(entry)}
    elif hasattr(entry, "__dict__") and not isinstance(entry, type):
        named = {name: each for name, each in vars(entry).items() if not name.startswith("_")}
    else:
        raise _no_paper(number, entry, f"of the type {type(entry).__name__}")
    if not named:
        raise _no_paper(number, entry, f"an empty {type(entry).__name__}")
    return {str(name): _plain(each) for name, each in named.items()}


def _plain(value: object) -> Any:
    """A value of a table as JSON has it; None for an empty cell."""
    if _is_missing(value):
        return None
    if isinstance(value, str | int):
        return value
    try:
        return to_jsonable_python(value, inf_nan_mode="null", fallback=_otherwise)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _otherwise(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _is_missing(value: object) -> bool:
    """Whether a cell is empty: None, NaN, NaT or NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _no_paper(number: int, entry: object, what: str) -> ArgumentError:
    shown = repr(entry)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return ArgumentError(
        f"Entry {number} of the papers is {what}, not a paper: {shown}.", hint=FORM
    )


def _places(papers: PaperInput) -> list[str | os.PathLike[str]] | None:
    """The files that are named, if files are."""
    if isinstance(papers, str | os.PathLike):
        return [papers]
    if isinstance(papers, list | tuple) and papers:
        return list(papers) if all(isinstance(each, os.PathLike) for each in papers) else None
    return None


def _container(papers: Any) -> Iterable[Any]:
    """Raise ArgumentError for what is one paper, a data set of several parts, or no papers."""
    if isinstance(papers, Mapping) and not _are_columns(papers):
        if papers and not any(isinstance(each, str) for each in papers.values()):
            raise ArgumentError(
                f"The papers are a dictionary of parts: {_listed(map(str, papers))}.",
                hint=f"Give one of them, such as papers[{next(iter(papers))!r}].",
            )
        raise _single()
    if isinstance(papers, Paper):
        raise _single()
    if not isinstance(papers, Iterable) and not hasattr(papers, "to_batches"):
        raise ArgumentError(f"The papers are of the type {type(papers).__name__}.", hint=FORM)
    rows: Iterable[Any] = papers
    return rows


def _single() -> ArgumentError:
    return ArgumentError(
        "This is a single paper.",
        hint="Put it into a list, or use extract(title=..., abstract=...).",
    )


def _are_columns(papers: Mapping[Any, Any]) -> bool:
    """Whether a mapping has a list for each column, as a slice of a Dataset."""
    columns = papers.values()
    if any(isinstance(each, str) or not hasattr(each, "__len__") for each in columns):
        return False
    are_tables = any(hasattr(each, "columns") or hasattr(each, "column_names") for each in columns)
    return not are_tables and len(set(map(len, columns))) == 1


def _rows(papers: Any) -> Iterable[Any]:
    """The entries, row by row where these are a table."""
    if isinstance(papers, Mapping):  # of columns
        return _zipped(list(papers), papers.values())
    if hasattr(papers, "iterrows") and hasattr(papers, "columns"):  # pandas
        return _zipped(list(papers.columns), (papers.iloc[:, n] for n in range(papers.shape[1])))
    if hasattr(papers, "iter_rows") and hasattr(papers, "columns"):  # Polars
        rows: Iterable[Any] = papers.iter_rows(named=True)
        return rows
    if hasattr(papers, "to_batches"):  # a table of pyarrow
        return chain.from_iterable(batch.to_pylist() for batch in papers.to_batches())
    return papers  # type: ignore[no-any-return]


def _zipped(names: list[Any], columns: Iterable[Iterable[Any]]) -> Iterator[dict[Any, Any]]:
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
