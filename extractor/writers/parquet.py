"""Parquet: one file of nested, typed columns, written and read a row group at a time.

The file carries the JSON Schema of its records. What no column type can hold is JSON text.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import from_json

from extractor.errors import DumpError, OutputError, UsageError
from extractor.writers._rows import json_text
from extractor.writers._shape import Many, Scalar, Shape, Struct, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from extractor.writers._protocol import Schema

_MAGIC = b"PAR1"
_METADATA = b"extractor.record_schema"
_ROW_GROUP = 10_000


class _Groups:
    def __init__(self, writer: Any, shape: Struct, schema: Any) -> None:
        self._writer = writer
        self._shape = shape
        self._schema = schema
        self._rows: list[Any] = []

    def write(self, row: Mapping[str, Any]) -> None:
        self._rows.append(_packed(row, self._shape))
        if len(self._rows) == _ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        pa = _pyarrow()
        try:
            group = pa.RecordBatch.from_pylist(self._rows, schema=self._schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
            raise OutputError(f"A record does not fit its schema: {error}.") from error
        self._writer.write_batch(group)
        self._rows.clear()


class ParquetFile:
    """For pandas, DuckDB, Polars and Spark. Needs the extra ``parquet``."""

    name = "parquet"
    suffixes = (".parquet", ".pq")
    streams = False
    compresses = False
    has_columns = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Groups]:
        parquet = _parquet()
        shape = shape_of(schema)
        fields = _arrow_schema(shape).with_metadata({_METADATA: json.dumps(schema)})
        with parquet.ParquetWriter(target, fields, compression="zstd") as writer:
            groups = _Groups(writer, shape, fields)
            yield groups
            groups.flush()

    def recognises(self, head: bytes) -> bool:
        return head.startswith(_MAGIC)

    def schema(self, path: Path) -> Schema | None:
        with _opened(path) as file:
            return _schema(file)

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        with _opened(path) as file:
            schema = _schema(file)
            shape = shape_of(schema) if schema else None
            for batch in file.iter_batches(_ROW_GROUP):
                for row in batch.to_pylist():
                    yield _unpacked(row, shape) if shape else row


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise UsageError(
            "Parquet needs a package that is absent.",
            hint="Run: pip install 'abstract-extractor[parquet]'.",
        ) from error
    return pyarrow


def _parquet() -> Any:
    _pyarrow()
    import pyarrow.parquet

    return pyarrow.parquet


def _arrow_schema(shape: Struct) -> Any:
    return _pyarrow().schema([(name, _arrow_type(part)) for name, part in shape.fields.items()])


def _arrow_type(shape: Shape) -> Any:
    pa = _pyarrow()
    if isinstance(shape, Many):
        return pa.list_(_arrow_type(shape.item))
    if isinstance(shape, Struct):
        return pa.struct([(name, _arrow_type(part)) for name, part in shape.fields.items()])
    types = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return types.get(shape.kind, pa.string())


def _packed(value: Any, shape: Shape, *, optional: bool = False) -> Any:
    """A value as Arrow takes it: where its column is text, as JSON text."""
    if value is None:
        return json_text(None) if optional else None
    match shape:
        case Scalar(kind="json"):
            return json_text(value)
        case Scalar(kind="number"):
            return float(value)
        case Many():
            return [_packed(item, shape.item) for item in value]
        case Struct():
            return {
                name: _packed(value[name], part, optional=name in shape.optional)
                for name, part in shape.fields.items()
                if name in value
            }
    return value


def _unpacked(value: Any, shape: Shape) -> Any:
    if value is None:
        return None
    match shape:
        case Scalar(kind="json"):
            return from_json(value)
        case Many():
            return [_unpacked(item, shape.item) for item in value]
        case Struct():
            return {
                name: _unpacked(value[name], part)
                for name, part in shape.fields.items()
                if value[name] is not None or name not in shape.optional
            }
    return value


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    pa, parquet = _pyarrow(), _parquet()
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DumpError(f"{path} is no readable Parquet file ({error}).") from error


def _schema(file: Any) -> Schema | None:
    text = (file.schema_arrow.metadata or {}).get(_METADATA)
    return json.loads(text) if text else None


WRITER = ParquetFile()
