"""Parquet files, a batch of rows at a time."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Source,
    build_entry_from_fields,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"PAR1"
_ROWS = 256
_JSON = (str, int, float, bool, list)


class Parquet(Reader):
    """Rows whose columns are named like the fields; columns that JSON cannot hold are left out."""

    name = "parquet"
    title = "Parquet"
    suffixes = (".parquet", ".pq")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        return SURE if head.startswith(_MAGIC) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        parquet = _parquet()
        row = 0
        with _seekable(source) as file:
            for batch in _batches(parquet, file, source, columns):
                for cells in batch.to_pylist():
                    row += 1
                    values = {name: _as_json(cell) for name, cell in cells.items()}
                    yield build_entry_from_fields(row, values, columns)


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise DumpError(
            "Parquet needs a package that is not installed.",
            hint="Run: pip install 'abstract-extractor[parquet]'.",
        ) from error
    return parquet


@contextmanager
def _seekable(source: Source) -> Iterator[BinaryIO]:
    """The dump as a file whose end can be read first: a copy on disk where it is a stream."""
    if source.path:
        with source.path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(source.stream, copy)
        copy.seek(0)
        yield copy


def _batches(parquet: Any, file: BinaryIO, source: Source, columns: Columns) -> Iterator[Any]:
    import pyarrow

    try:
        table = parquet.ParquetFile(file)
        names = [field.name for field in table.schema_arrow if _is_plain(field.type)]
        require_columns(names, columns, source.name)
        read = 0
        for batch in table.iter_batches(batch_size=_ROWS, columns=names):
            read += batch.num_rows
            if source.path and source.size:
                source.position = source.size * read // table.metadata.num_rows
            yield batch
    except (pyarrow.ArrowException, OSError) as error:
        raise DumpError(
            f"{source.name} is not a Parquet file that can be read: {error}.",
            hint="Fetch or write the dump again: it seems cut off or damaged.",
        ) from error


def _is_plain(kind: Any) -> bool:
    """Say whether a column holds text, numbers, dates or lists of text, and no embeddings."""
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
        return bool(types.is_string(kind) or types.is_large_string(kind))
    is_text = types.is_string(kind) or types.is_large_string(kind)
    is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    return bool(is_text or is_number or types.is_temporal(kind))


def _as_json(value: object) -> object:
    return value if isinstance(value, _JSON) or value is None else str(value)
