"""Papers as a Ray Dataset of parts: one task reads them in their order, and yields part by part.

A block is one part: its number, and the papers as JSON, which gives back exactly what was read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pickle
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import ray
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from extractor.errors import ExtractorError, UsageError
from extractor.option_names import command_line
from extractor.paper import Paper
from extractor.readers import Unreadable
from extractor.run.extent import Extent
from extractor.run.prefetch import as_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from extractor.readers import Item
    from extractor.record import Failure
    from extractor.run.resumable import Papers

OpenPapers: TypeAlias = "Callable[[], AbstractContextManager[Papers]]"
"""Opens the papers where they are read; it is pickled on its way there."""

END, FAILED = -1, -2
"""Numbers of rows that are no parts: the last one, and the error that ended the reading."""


@dataclass(frozen=True)
class Reading:
    """What is read: at most ``limit`` papers, ``size`` a part, without those in ``done``, which are
    known by the digests of their papers. ``folder`` is where relative paths begin; messages are
    those of the command ``as_command``."""

    papers: OpenPapers
    folder: str
    limit: int | None
    size: int
    done: Mapping[int, str]
    as_command: bool


class PartSource(Datasource):  # type: ignore[misc]  # Ray is not there for every type check
    """One read task, which streams the parts."""

    def __init__(self, reading: Reading, coordinator: Any) -> None:
        self._reading = reading
        self._coordinator = coordinator

    def get_name(self) -> str:
        return "Papers"

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(self, *_: Any, **__: Any) -> list[Any]:
        reading, coordinator = self._reading, self._coordinator
        unknown = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
        return [ReadTask(lambda: _rows(reading, coordinator), unknown)]


def _rows(reading: Reading, coordinator: Any) -> Iterator[Any]:
    try:
        yield from _parts(reading, coordinator)
    except ExtractorError as error:
        yield _row(FAILED, "", pickle.dumps(error))


def _parts(reading: Reading, coordinator: Any) -> Iterator[Any]:
    number = 0
    with (
        command_line(at_work=reading.as_command),
        _inside(reading.folder),
        reading.papers() as papers,
    ):
        items = papers.first(reading.limit)
        extent: Extent = getattr(papers, "extent", None) or Extent()
        while batch := list(islice(items, reading.size)):
            text = encoded(batch)
            digest = hashlib.blake2b(text, digest_size=16).hexdigest()
            if reading.done.get(number, digest) != digest:
                raise _changed(number)
            if number not in reading.done:
                yield _row(number, digest, text)
            number += 1
            if ray.get(coordinator.read.remote(extent.total)):
                return
        if max(reading.done, default=-1) >= number:
            raise _changed(number)
        ray.get(coordinator.read.remote(extent.total))
        yield _row(END, "", json.dumps({"parts": number, "notes": papers.notes()}).encode())


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    try:
        with contextlib.chdir(folder):
            yield
    except FileNotFoundError as error:
        if error.filename != folder:
            raise
        raise UsageError(
            f"The folder {folder}, where the command was given, is not on the node that reads.",
            hint="Give the command in a folder that every node has.",
        ) from error


def _changed(number: int) -> UsageError:
    return UsageError(
        f"The papers of part {number:06d} are not those of before.",
        hint="Name another folder with -o for other papers.",
    )


def _row(number: int, digest: str, content: bytes) -> Any:
    return pa.table(
        {
            "part": pa.array([number], pa.int64()),
            "digest": pa.array([digest], pa.string()),
            "papers": pa.array([content], pa.large_binary()),
        }
    )


def encoded(items: Iterable[Item]) -> bytes:
    """The entries of a part; halves of surrogate pairs come through as they are."""
    return json.dumps([_fields(item) for item in items]).encode()


def _fields(item: Item) -> list[Any]:
    if isinstance(item, Paper):
        return [item.id, item.title, item.abstract, dict(item.source)]
    return [{**asdict(item), "source": dict(item.source)}]


def decoded(text: bytes) -> Iterator[Paper | Failure]:
    """What a run takes of the entries of a part."""
    for fields in json.loads(text):
        yield as_item(Paper(*fields) if len(fields) > 1 else Unreadable(**fields[0]))
