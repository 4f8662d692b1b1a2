"""Outputs that are there whole or not at all, whatever number of files they have."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from extractor.errors import OutputError, UsageError
from extractor.writers.base import Schema, Sink, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


PARTIAL = ".partial"
"""What the names of outputs end in that hold only a part of what they should."""

Ending: TypeAlias = "Callable[[], str | None]"
"""Asked at the end for what is put behind an output's name: nothing where it is whole, PARTIAL
where it is not, None where it shall not be there at all."""


def _whole() -> str:
    return ""


@contextmanager
def open_output(
    writer: Writer, out: Path | None, schema: Schema, *, hint: str = "", ending: Ending = _whole
) -> Iterator[Sink]:
    """Open a sink on a file, which is there when the block ends well, or on standard output.

    Raises :class:`OutputError` with the ``hint`` when it cannot be written.
    """
    with ExitStack() as stack:
        target: Path | BinaryIO = sys.stdout.buffer
        # A device or a pipe, such as /dev/null, must not be replaced by a file.
        if out and out.exists() and not out.is_file() and not out.is_dir():
            if not writer.streams:
                raise UsageError(
                    f"{writer.name} cannot be written to {out}.", hint="Name a file for it."
                )
            # Unbuffered: what a full device refused is not written again when it is closed.
            target = stack.enter_context(out.open("wb", buffering=0))
        elif out:
            target = stack.enter_context(whole_or_nothing(out, hint=hint, ending=ending))
        sink = stack.enter_context(writer.open(target, schema))
        yield _Guarded(sink, str(out or "standard output"), hint)


class _Guarded(Sink):
    """Says of its own output that it cannot be written, where several are open at once."""

    def __init__(self, sink: Sink, name: str, hint: str) -> None:
        self._sink = sink
        self._name = name
        self._hint = hint

    def write(self, row: Mapping[str, Any]) -> None:
        try:
            self._sink.write(row)
        except BrokenPipeError:  # its reader has had enough
            raise
        except OSError as error:
            raise _unwritable(self._name, error, self._hint) from error


def _unwritable(name: object, error: OSError, hint: str) -> OutputError:
    return OutputError(f"{name} cannot be written: {error.strerror or error}.", hint=hint)


@contextmanager
def whole_or_nothing(path: Path, *, hint: str = "", ending: Ending = _whole) -> Iterator[Path]:
    """Yield a scratch path whose file takes the place of ``path`` when the block ends well.

    Files that the block makes beside the scratch path come along, the main one last. Raises
    :class:`OutputError` when they cannot be written; then ``path`` is as it was.
    """
    path = path.resolve()
    _refuse_folder(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            scratch = Path(folder) / path.name
            yield scratch
            if (behind := ending()) is not None:
                _put_in_place(scratch, path, behind)
    except BrokenPipeError:  # never of a file: another output's reader has had enough
        raise
    except OSError as error:
        raise _unwritable(path, error, hint) from error


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", hint="Name a file.")


def _put_in_place(scratch: Path, path: Path, behind: str) -> None:
    made = sorted(scratch.parent.iterdir(), key=lambda file: file == scratch)
    places = [path.with_name(file.name + behind) for file in made]
    for place in places:
        _refuse_folder(place)
    for file, place in zip(made, places, strict=True):
        file.replace(place)
        if not behind:  # what an earlier, unfinished run left is in it
            place.with_name(place.name + PARTIAL).unlink(missing_ok=True)
