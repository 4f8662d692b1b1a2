"""Parquet: one file of nested, typed columns, written and read a row group at a time.

When and where a paper appeared are columns of their own behind those of the record.

The record itself, as JSON, is the last column: it is what is read back. The file carries the
JSON Schema of its records as well. What no column type can hold is JSON text.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError, OutputError, UnfitRecord, UsageError
from extractor.readers.parquet import load_pyarrow
from extractor.writers._shape import (
    INT64,
    TYPES,
    ListShape,
    ObjectShape,
    ScalarShape,
    Shape,
    shape_of,
)
from extractor.writers._tables import (
    RECORD,
    fresh,
    json_text,
    publication_columns,
    publication_in,
    without_record,
)
from extractor.writers.base import Rereadable, Row, Schema, Sink, Writer, read_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MAGIC = b"PAR1"
_METADATA = b"extractor.record_schema"
_ROW_GROUP = 10_000
_pyarrow = partial(load_pyarrow, UsageError)


class _RowGroups(Sink):
    def __init__(self, writer: Any, shape: ObjectShape, schema: Any) -> None:
        self._writer = writer
        self._shape = shape
        self._schema = schema
        self._published = bool(publication_columns(shape))
        self._rows: list[list[Any]] = []

    def write(self, row: Mapping[str, Any]) -> None:
        try:
            cells = [_packed(row.get(name), part) for name, part in self._shape.fields.items()]
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise UnfitRecord(f"Record {row['id']!r} does not fit its schema: {error}.") from error
        if self._published:
            cells += publication_in(row)
        self._rows.append([*cells, json_text(row)])
        if len(self._rows) == _ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        pa = _pyarrow()
        columns = zip(*self._rows, strict=True)
        try:
            arrays = [pa.array(*each) for each in zip(columns, self._schema.types, strict=True)]
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
            raise OutputError(f"A record does not fit its schema: {error}.") from error
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


class ParquetFile(Writer, Rereadable):
    """For pandas, DuckDB, Polars and Spark. Needs the extra ``parquet``."""

    name = "parquet"
    suffixes = (".parquet", ".pq")
    has_columns = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_RowGroups]:
        shape = shape_of(schema)
        fields = _arrow_schema(shape).with_metadata({_METADATA: json.dumps(schema)})
        with _pyarrow().parquet.ParquetWriter(target, fields, compression="zstd") as writer:
            groups = _RowGroups(writer, shape, fields)
            yield groups
            groups.flush()

    def recognises(self, head: bytes) -> bool:
        return head.startswith(_MAGIC)

    def schema(self, path: Path) -> Schema | None:
        with _opened(path) as file:
            text = _metadata(file)
            return json.loads(text) if text else None

    def read(self, path: Path) -> Iterator[Row]:
        """Yield the records, or of a file of another program the rows as they are."""
        with _opened(path) as file:
            if RECORD in file.schema_arrow.names:
                batches = file.iter_batches(_ROW_GROUP, columns=[RECORD])
                texts = (text for batch in batches for text in batch.column(0).to_pylist())
                for number, text in enumerate(texts, start=1):
                    yield read_row(f"{path}, record {number}", text)
            elif _metadata(file):
                raise without_record(path)
            else:
                for batch in file.iter_batches(_ROW_GROUP):
                    yield from batch.to_pylist()


def _arrow_schema(shape: ObjectShape) -> Any:
    pa = _pyarrow()
    taken = {RECORD, *(name.lower() for name in shape.fields if name != RECORD)}
    fields = {
        fresh(name, taken) if name == RECORD else name: _arrow_type(part)  # a key of the user's own
        for name, part in shape.fields.items()
    }
    for column in publication_columns(shape):
        kind = pa.int64() if column.kind == "integer" else pa.string()
        fields[fresh(column.name, taken)] = kind
    return pa.schema([*fields.items(), (RECORD, pa.string())])


def _arrow_type(shape: Shape) -> Any:
    pa = _pyarrow()
    if isinstance(shape, ListShape):
        return pa.list_(_arrow_type(shape.item))
    if isinstance(shape, ObjectShape):
        return pa.struct([(name, _arrow_type(part)) for name, part in shape.fields.items()])
    types = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return types.get(shape.kind, pa.string())


def _packed(value: Any, shape: Shape) -> Any:
    """A value as Arrow takes it: where its column is text, as JSON text."""
    if value is None:
        return None
    match shape:
        case ScalarShape(kind="json"):
            return json_text(value)
        case ScalarShape(kind="number"):
            return float(value)
        case ListShape():
            return [_packed(item, shape.item) for item in value]
        case ObjectShape():
            return {name: _packed(value.get(name), part) for name, part in shape.fields.items()}
        case ScalarShape(kind=kind) if type(value) not in TYPES.get(kind, (type(value),)):
            raise TypeError(f"{value!r} is not of type {kind}")
        case ScalarShape(kind="integer") if not -INT64 <= value < INT64:
            raise OverflowError("an integer has more than 64 bits")
    return value


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    pa = _pyarrow()
    try:
        with pa.parquet.ParquetFile(path) as file:
            yield file
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DumpError(f"{path} is not a readable Parquet file ({error}).") from error


def _metadata(file: Any) -> bytes | None:
    """The JSON Schema that this package put into the file."""
    text: bytes | None = (file.schema_arrow.metadata or {}).get(_METADATA)
    return text


WRITER = ParquetFile()
