"""``extractor convert``: a file of records into another format."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from extractor.cli import EXIT_SOME_FAILED, options
from extractor.errors import UnfitRecord
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.decisions import ReviewedRecords
    from extractor.writers import RecordFile, Schema, Sink


def convert(
    records: Annotated[
        str, Argument(help="A file that 'extractor run' or this command wrote, or -.")
    ],
    out: Annotated[str, Argument(help="The file to write, or - for standard output.")],
    format: options.Format = None,  # noqa: A002 -- the option's name
    view: options.View = None,
    schema: Annotated[
        str | None,
        Option(
            metavar="NAME|FILE.py:MODEL",
            help="The schema of the records. Default: the file's own, else inferred from it.",
        ),
    ] = None,
    no_review: options.NoReview = False,
    min_confidence: options.MinConfidence = None,
    canonical: Annotated[
        bool,
        Option(
            help="Add a column NAME_canonical beside each column of names, in which spellings of "
            "one name are the same.",
        ),
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Convert a file of records to another format.

    Every format but the tables for people (csv, tsv, xlsx) can be read, and gives back exactly
    what was written. OUT is replaced only when it is complete; csv and tsv put each list of
    objects into a file of its own beside it. What was decided about the records in 'extractor
    review' is applied.

    Example: extractor convert records.jsonl claims.xlsx --view claims
    """
    from extractor.cli.summary import unlikely_line
    from extractor.confidence import MinConfidence
    from extractor.decisions import ReviewedRecords, decisions_path
    from extractor.llm.own_files import own_files
    from extractor.writers import STDIN, choose_writer, open_output, open_records

    target = None if out == "-" else Path(out)
    writer = choose_writer(format, target, view=view)
    least = None if min_confidence is None else MinConfidence(min_confidence)
    with _on_disk(records) as path:
        source = open_records(path)
        review = ReviewedRecords.of(source, path, apply=not no_review)
        rows, known = _with_schema(review, source, schema, inferred=writer.has_columns)
        if least is not None:
            rows = map(least.of_row, rows)
        if canonical:
            rows, known = _with_canonical(rows, review, known or source.schema or {})
        inputs = [STDIN if records == "-" else path, *options.schema_files(schema or "")]
        inputs += [*own_files(), decisions_path(path)]
        with open_output(writer, target, known, inputs=inputs) as sink:
            left_out = [*_write_all(rows, sink), *source.unreadable]
    for each in left_out:
        typer.echo(f"Left out: {each}", err=True)
    for note in () if quiet else review.notes():
        typer.echo(note, err=True)
    if target and not quiet:
        count = counted(sink.rows, "record")
        left = [] if least is None else [unlikely_line(least.left_out, least.unknown)]
        for line in (f"{target}: {count}, {writer.name}", *sink.notes(), *left):
            typer.echo(line, err=True)
    if left_out:
        raise typer.Exit(EXIT_SOME_FAILED)


def _with_schema(
    rows: ReviewedRecords, source: RecordFile, name: str | None, *, inferred: bool
) -> tuple[Iterable[dict[str, Any]], Schema]:
    """Rows and their schema: the one of this name, else as far as the format needs it."""
    from extractor.record import record_schema
    from extractor.task import load_task
    from extractor.writers import fitting

    if name:
        known = record_schema(load_task(name))
        return fitting(rows, known), known
    return rows, (source.schema or _inferred(rows)) if inferred else {}


def _with_canonical(
    rows: Iterable[dict[str, Any]], counted: Iterable[dict[str, Any]], known: Schema
) -> tuple[Iterable[dict[str, Any]], Schema]:
    """Rows and their schema with canonical names; the names of all records are counted first."""
    from extractor.canonical import CanonicalColumns

    columns = CanonicalColumns(known or _inferred(counted))
    columns.count(counted)
    return columns.add_to(rows), columns.schema


def _write_all(rows: Iterable[Mapping[str, Any]], sink: Sink) -> list[UnfitRecord]:
    """Write every row; returns the errors of those that do not fit."""
    unfit = []
    for row in rows:
        try:
            sink.write(row)
        except UnfitRecord as error:
            unfit.append(error)
    return unfit


@contextmanager
def _on_disk(records: str) -> Iterator[Path]:
    """The file of records; standard input goes into one first, as it may be read twice."""
    if records != "-":
        yield Path(records)
        return
    from extractor.writers import scratch_folder

    with scratch_folder(Path(gettempdir()), "records") as folder:
        path = folder / "standard-input"
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield path


def _inferred(source: Iterable[Mapping[str, Any]]) -> Schema:
    """The schema of the records, with what is known of the task that made the first one."""
    from extractor.record import frame_schema, record_schema, task_name
    from extractor.task import builtin_schemas, load_task
    from extractor.writers import infer_schema

    name = task_name(next(iter(source), {}))
    known = record_schema(load_task(name)) if name in builtin_schemas() else frame_schema()
    return infer_schema(source, known)
