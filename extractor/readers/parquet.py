"""Parquet files, a batch of rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    field_names,
    guarded,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"PAR1"
_BATCH = 64
_LARGE = 2**24
_MOST_INFLATED = 500
"""So many times its compressed size a large column of a row group may have."""

_JSON = (str, int, float)
_TEXT = {"string", "large_string", "string_view"}


class Parquet(Reader):
    """Rows whose columns are named like the fields; what is within a struct has a dotted name."""

    name = "parquet"
    title = "Parquet"
    suffixes = (".parquet", ".pq")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        return SURE if head.startswith(_MAGIC) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        pyarrow = load_pyarrow(DumpError)
        rows = _rows(pyarrow, source, columns)
        for row, (names, cells) in enumerate(rows, start=1):
            yield guarded(_build, row, names, cells, columns)


def _build(row: int, names: list[str], cells: tuple[object, ...], columns: Columns) -> Item:
    values: dict[str, object] = {}
    for name, cell in zip(names, cells, strict=True):
        if cell is not None and cell == cell and name not in values:  # nor NaN
            values[name] = _as_json(cell)
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


def _rows(
    pyarrow: Any, source: Source, columns: Columns
) -> Iterator[tuple[list[str], tuple[object, ...]]]:
    """Yield the names of the columns that are read, and each row's values under them."""
    try:
        table = pyarrow.parquet.ParquetFile(source.seekable())
        _require_bounds(table.metadata, source.name)
        leaves = _leaves(table.schema_arrow)
        require_columns([name for name, _ in leaves], columns, source.name)
        wanted = _wanted(leaves, columns)
        tops = [name for name in table.schema_arrow.names if _holds(name, wanted)]
        read = 0
        for batch in table.iter_batches(batch_size=_BATCH, columns=tops):
            read += batch.num_rows
            if source.path and source.size:
                source.position = source.size * read // table.metadata.num_rows
            yield from _cells(pyarrow, batch, wanted)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        said = one_line(str(error)).rstrip(".")
        raise DumpError(
            f"{source.name} is not a Parquet file that can be read: {said}.",
            hint="Fetch or write the dump again: it seems cut off or damaged.",
        ) from error


def _require_bounds(metadata: Any, dump: str) -> None:
    """Check that no column would inflate to fill the memory: a few values are decoded at once."""
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            size = column.total_uncompressed_size
            if size > max(_LARGE, _MOST_INFLATED * column.total_compressed_size):
                raise DumpError(
                    f"{dump} has a column {column.path_in_schema} of {size} bytes, from "
                    f"{column.total_compressed_size}: it would fill the memory.",
                    hint="Write the table again, or as JSON Lines.",
                )


def _leaves(fields: Any, above: str = "") -> list[tuple[str, Any]]:
    """Return the dotted name and the type of each column, and of each field of a struct."""
    from pyarrow import types

    return [
        leaf
        for field in fields
        for leaf in (
            _leaves(field.type, f"{above}{field.name}.")
            if types.is_struct(field.type)
            else [(f"{above}{field.name}", field.type)]
        )
    ]


def _wanted(leaves: list[tuple[str, Any]], columns: Columns) -> set[str]:
    """Return the names of text, numbers, dates and lists of them: no embeddings and no files."""
    from pyarrow import types

    fields = field_names(tuple(name for name, _ in leaves), columns)
    binary = {*fields.titles, *fields.abstracts, *fields.ids}
    return {
        name
        for name, kind in leaves
        if _is_plain(kind) and (name in binary or not types.is_binary(kind))
    }


def _holds(name: str, wanted: set[str]) -> bool:
    return name in wanted or any(each.startswith(f"{name}.") for each in wanted)


def _is_plain(kind: Any, *, in_list: bool = False) -> bool:
    """Say whether a column holds text, numbers or dates, or lists of text or of such objects."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_list(kind) or types.is_large_list(kind):
        return not in_list and _is_plain(kind.value_type, in_list=True)
    if types.is_struct(kind):
        return all(_is_plain(field.type) for field in kind)
    is_text = str(kind) in _TEXT or types.is_null(kind)
    return is_text or (not in_list and (types.is_primitive(kind) or types.is_binary(kind)))


def _cells(
    pyarrow: Any, batch: Any, wanted: set[str]
) -> Iterator[tuple[list[str], tuple[object, ...]]]:
    """Yield the rows of a batch; their text is bytes, since pyarrow decodes all or nothing."""
    table = pyarrow.Table.from_batches([batch])
    while any(pyarrow.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    names: list[str] = []
    cells: list[list[object]] = []
    for name, column in zip(table.schema.names, table.columns, strict=True):
        if name in wanted:
            names.append(name)
            kind = _with_bytes(pyarrow, column.type)
            cells.append(column.cast(kind).to_pylist())
    yield from ((names, row) for row in zip(*cells, strict=True))


def _with_bytes(pyarrow: Any, kind: Any) -> Any:
    """Return the type with bytes for text, and with the values for categories."""
    types = pyarrow.types
    if types.is_dictionary(kind):
        return _with_bytes(pyarrow, kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind):
        return pyarrow.large_list(_with_bytes(pyarrow, kind.value_type))
    if types.is_struct(kind):
        return pyarrow.struct([(each.name, _with_bytes(pyarrow, each.type)) for each in kind])
    return pyarrow.large_binary() if str(kind) in _TEXT else kind


def _as_json(value: object) -> object:
    if isinstance(value, bytes):
        return decode_text(value)
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    return value if isinstance(value, _JSON) or value is None else str(value)
