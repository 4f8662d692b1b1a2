"""Parquet files, a batch of rows at a time."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError, ExtractorError, one_line
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Source,
    build_entry_from_fields,
    decode_text,
    guarded,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"PAR1"
_BATCH = 256
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
        pyarrow = load_pyarrow(DumpError)
        with _seekable(source) as file:
            for row, cells in enumerate(_rows(pyarrow, file, source, columns), start=1):
                yield guarded(_build, row, cells, columns)


def _build(row: int, cells: dict[str, object], columns: Columns) -> Item:
    values = {name: _as_json(cell) for name, cell in cells.items()}
    return build_entry_from_fields(row, values, columns)


def load_pyarrow(kind: type[ExtractorError]) -> Any:
    """Import pyarrow with its Parquet module. Raises a ``kind`` where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise kind(
            "Parquet needs a package that is not installed.",
            hint="Run: pip install 'abstract-extractor[parquet]'.",
        ) from error
    return pyarrow


@contextmanager
def _seekable(source: Source) -> Iterator[BinaryIO]:
    """The dump as a file whose end can be read first: a copy on disk where it is a stream."""
    with source.path.open("rb") if source.path else tempfile.TemporaryFile() as file:
        if not source.path:
            shutil.copyfileobj(source.stream, file)
            file.seek(0)
        yield file


def _rows(
    pyarrow: Any, file: BinaryIO, source: Source, columns: Columns
) -> Iterator[dict[str, object]]:
    try:
        table = pyarrow.parquet.ParquetFile(file)
        names = [field.name for field in table.schema_arrow if _is_plain(field.type)]
        require_columns(names, columns, source.name)
        read = 0
        for batch in table.iter_batches(batch_size=_BATCH, columns=names):
            read += batch.num_rows
            if source.path and source.size:
                source.position = source.size * read // table.metadata.num_rows
            yield from _as_bytes(pyarrow, batch).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DumpError(
            f"{source.name} is not a Parquet file that can be read: {one_line(str(error))}",
            hint="Fetch or write the dump again: it seems cut off or damaged.",
        ) from error


def _as_bytes(pyarrow: Any, batch: Any) -> Any:
    """Return the batch with its text as bytes, since pyarrow decodes strictly and all or nothing.

    Of a column of categories it has the values.
    """
    from pyarrow import types

    for place, field in enumerate(batch.schema):
        column, kind = batch.column(place), field.type
        if types.is_dictionary(kind):
            column, kind = column.dictionary_decode(), kind.value_type
        if types.is_string(kind) or types.is_large_string(kind):
            column = column.cast(pyarrow.large_binary())
        batch = batch.set_column(place, field.name, column)
    return batch


def _is_plain(kind: Any) -> bool:
    """Say whether a column holds text, numbers, dates or lists of text, and no embeddings."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
        return bool(types.is_string(kind) or types.is_large_string(kind))
    is_text = any(is_kind(kind) for is_kind in (types.is_string, types.is_large_string))
    is_text = is_text or types.is_binary(kind) or types.is_large_binary(kind)
    is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    return bool(is_text or is_number or types.is_temporal(kind))


def _as_json(value: object) -> object:
    if isinstance(value, bytes):
        return decode_text(value)
    return value if isinstance(value, _JSON) or value is None else str(value)
