"""What a call came to: results in memory as a list, and a run into a file as its counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, overload

from extractor.errors import ArgumentError, UsageError
from extractor.notebook import table_html
from extractor.plurals import counted
from extractor.record import Failure, Record, SchemaT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from extractor.record import Result


_OF_FAILURE = ("error", "message")


@dataclass(frozen=True, kw_only=True)
class Run:
    """The counts of a run into a file; ``out`` and ``failures_file`` are what it wrote.

    ``failures_file`` is None where no paper failed. ``cached`` records cost nothing in this run;
    ``refused`` values were not found in the text; ``left_out`` papers had not failed before a run
    with ``retry_failed`` and have no answer yet. ``requests``, tokens and ``cost``, in US dollars
    and None where prices are unknown, count every attempt at the run. ``seconds`` are wall-clock
    time, ``notes`` what else there is to know.
    """

    out: Path
    failures_file: Path | None
    records: int
    failures: int
    cached: int
    refused: int
    left_out: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float
    notes: tuple[str, ...] = field(default=(), repr=False)


class Results(Sequence["Record[SchemaT] | Failure"], Generic[SchemaT]):
    """Records and failures in the order of the papers: a list that notebooks show as a table."""

    def __init__(self, results: Iterable[Result[SchemaT]], index: object = None) -> None:
        self._results = list(results)
        self._index = index

    @property
    def records(self) -> list[Record[SchemaT]]:
        return [each for each in self._results if isinstance(each, Record)]

    @property
    def failures(self) -> list[Failure]:
        return [each for each in self._results if isinstance(each, Failure)]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Each record or failure as JSON values, as in a file of either."""
        return [each.to_dict() for each in self._results]

    def to_pandas(self, explode: str | None = None) -> pd.DataFrame:
        """A row for each paper, or with ``explode`` for each item of that list of the records.

        Columns are ``id``, ``title``, the schema's fields, what the source says besides, and
        ``error`` and ``message`` where papers failed. What the source has under the name of another
        column stands under ``source_`` and that name. A field whose values are lists has lists in
        its cells. The index is that of the DataFrame that the papers came in. Needs pandas.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise UsageError(
                "to_pandas() needs pandas, which is not installed.",
                hint="Install it: pip install pandas.",
            ) from error
        if explode is None:
            rows = self._rows()
            names = dict.fromkeys(name for row in rows for name in row)
            last = [name for name in _OF_FAILURE if name in names]
            columns = [*(name for name in names if name not in last), *last]
            index: Any = self._index
            return pd.DataFrame(rows, index, columns)
        return pd.DataFrame(self._items(explode))

    def _rows(self) -> list[dict[str, Any]]:
        rows = [_row(each) for each in self._results]
        taken = {*_OF_FAILURE, *(name for row in rows for name in row)}
        return [
            row | _beside(each.source, taken) for row, each in zip(rows, self._results, strict=True)
        ]

    def _items(self, name: str) -> Iterator[dict[str, Any]]:
        for record in self.records:
            row = _row(record)
            items = row.pop(name, None)
            if not isinstance(items, list):
                lists = [key for key, value in row.items() if isinstance(value, list)]
                raise ArgumentError(
                    f"The records have no list {name!r}.", hint=f"Lists: {', '.join(lists)}."
                )
            for item in items:
                held = item if isinstance(item, dict) else {name: item}
                whole = {"id": row["id"], "title": row["title"], **held} | {
                    key: value for key, value in row.items() if key not in held
                }
                yield whole | _beside(record.source, whole)

    @overload
    def __getitem__(self, place: int) -> Result[SchemaT]: ...
    @overload
    def __getitem__(self, place: slice) -> Results[SchemaT]: ...
    def __getitem__(self, place: int | slice) -> Result[SchemaT] | Results[SchemaT]:
        if isinstance(place, slice):
            index: Any = self._index
            return Results(self._results[place], None if index is None else index[place])
        return self._results[place]

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"<{self._heading()}>"

    def _repr_html_(self) -> str:
        rows = [_row(each) for each in self._results]
        return table_html(self._heading(), rows)

    def _heading(self) -> str:
        records, failures = len(self.records), len(self.failures)
        return f"Results: {counted(records, 'record')}, {counted(failures, 'failure')}"


def _row(result: Result[Any]) -> dict[str, Any]:
    """One row of a table, without what the source says."""
    row: dict[str, Any] = {"id": result.id, "title": result.title}
    if isinstance(result, Failure):
        return {**row, "error": result.error, "message": result.message}
    row |= result.fields.model_dump(mode="json")
    return row


def _beside(source: Mapping[str, object], taken: Collection[str]) -> dict[str, object]:
    """What the source says, by names that are not ``taken``."""
    return {f"source_{name}" if name in taken else name: each for name, each in source.items()}
