"""Outputs that are there whole or not at all, whatever number of files they have."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from extractor.decisions import check_not_by_hand
from extractor.errors import DumpError, OutputError, UsageError
from extractor.paths import same_file
from extractor.writers.base import Schema, Sink, Writer
from extractor.writers.jsonl import read_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


PARTIAL = ".partial"
"""What the names of outputs end in that hold only a part of what they should."""

STDIN = Path("/dev/stdin")
"""The file that standard input is redirected from, where the system has this name for it."""

_SCRATCH = ".extractor"
"""What the names of scratch folders end in."""

Ending: TypeAlias = "Callable[[], str | None]"
"""Asked at the end for what is put behind an output's name: nothing where it is whole, PARTIAL
where it is not, None where it shall not be there at all."""


@dataclass(frozen=True)
class Output:
    """What goes where: ``path`` is None for standard output.

    With ``unless_empty`` there is no file where no row was written, and an earlier failures file
    is removed.
    """

    writer: Writer
    path: Path | None
    schema: Schema
    unless_empty: bool = False


@contextmanager
def open_output(
    writer: Writer, out: Path | None, schema: Schema, *, hint: str = "", inputs: Iterable[Path] = ()
) -> Iterator[OpenOutput]:
    """Open one output; see `open_outputs`."""
    with open_outputs(Output(writer, out, schema), hint=hint, inputs=inputs) as (sink,):
        yield sink


@contextmanager
def open_outputs(
    *outputs: Output, hint: str = "", ending: Ending | None = None, inputs: Iterable[Path] = ()
) -> Iterator[Sequence[OpenOutput]]:
    """Open sinks on files, which take their places together when the block ends well.

    With ``ending`` the outputs may end up under their ``PARTIAL`` names; what an earlier run left
    there is removed when they are whole. Raises :class:`OutputError` with the ``hint`` when one
    cannot be written, and :class:`UsageError` when it would overwrite one of the ``inputs`` or
    what people decided.
    """
    with _swapping(hint, ending, inputs) as swap, ExitStack() as stack:
        yield [stack.enter_context(_open(output, swap, hint)) for output in outputs]


@contextmanager
def whole_or_nothing(path: Path, *, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield a scratch path whose file takes the place of ``path`` when the block ends well.

    Errors as in `open_outputs`; then ``path`` is as it was.
    """
    with _swapping("", None, inputs) as swap, _told(path, ""):
        yield swap.scratch(path)


@contextmanager
def _open(output: Output, swap: _Swap, hint: str) -> Iterator[OpenOutput]:
    out, name = output.path, output.path or "standard output"
    target: Path | BinaryIO
    with _told(name, hint), ExitStack() as stack:
        # A device or a pipe, such as /dev/null, must not be replaced by a file.
        if out and out.exists() and not out.is_file() and not out.is_dir():
            if not output.writer.streams:
                raise UsageError(
                    f"{output.writer.name} cannot be written to {out}.", hint="Name a file for it."
                )
            # Unbuffered: what a full device refused is not written again when it is closed.
            target = stack.enter_context(out.open("wb", buffering=0))
        elif out:
            target = swap.scratch(out)
        else:
            target = sys.stdout.buffer  # which a notebook's output does not have
        sink = OpenOutput(
            stack.enter_context(output.writer.open(target, output.schema)), name, hint
        )
        swap.claim_all()
        yield sink
        stack.close()
        if output.unless_empty and not sink.rows and isinstance(target, Path):
            target.unlink()


class OpenOutput(Sink):
    """A sink that says of its own output that it cannot be written, and counts its ``rows``."""

    def __init__(self, sink: Sink, name: object, hint: str) -> None:
        self._sink = sink
        self._name = name
        self._hint = hint
        self.rows = 0

    def write(self, row: Mapping[str, Any]) -> None:
        try:
            self._sink.write(row)
        except BrokenPipeError:  # its reader has had enough
            raise
        except OSError as error:
            raise _unwritable(self._name, error, self._hint) from error
        self.rows += 1

    def notes(self) -> Iterable[str]:
        """What the user should know about what was written; few formats have anything to say."""
        notes: Iterable[str] = getattr(self._sink, "notes", tuple)()
        return (f"{self._name}: {note}" for note in notes)


@contextmanager
def _told(name: object, hint: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # never of a file: another output's reader has had enough
        raise
    except OSError as error:
        raise _unwritable(name, error, hint) from error


def _unwritable(name: object, error: OSError, hint: str) -> OutputError:
    return OutputError(f"{name} cannot be written: {error.strerror or error}.", hint=hint)


class _Swap:
    """Files in scratch folders, to be put in their places together."""

    def __init__(self, ending: Ending | None, inputs: Iterable[Path], folders: ExitStack) -> None:
        self._ending = ending
        self._inputs = list(inputs)
        self._folders = folders
        self._scratch: dict[Path, Path] = {}
        self._claimed: dict[Path, Path] = {}  # each place and the scratch file that is for it

    @property
    def name(self) -> str:
        return " and ".join(map(str, self._scratch))

    def scratch(self, path: Path) -> Path:
        """The path of a file that takes the place of ``path``; others may be made beside it."""
        path = path.resolve()
        self._claim(path, path)
        folder = self._folders.enter_context(scratch_folder(path.parent, path.name))
        self._scratch[path] = self._claimed[path] = folder / path.name
        return self._scratch[path]

    def claim_all(self) -> None:
        """Refuse places that must not be written to, for every file there is by now."""
        for path, scratch in self._scratch.items():
            for file in filter(Path.is_file, scratch.parent.iterdir()):
                if self._claimed.get(place := path.with_name(file.name)) != file:
                    self._claim(place, path)
                    self._claimed[place] = file

    def _claim(self, place: Path, path: Path) -> None:
        if place in self._claimed:
            raise UsageError(
                f"Two outputs would be written to {place}.", hint="Give them different names."
            )
        for each in (place, _partial(place)) if self._ending else (place,):
            if each.is_dir():
                raise OutputError(f"{each} is a folder.", hint="Name a file.")
            if any(same_file(each, read) for read in self._inputs):
                raise UsageError(
                    f"Writing {path.name} would overwrite {each}, which Extractor reads.",
                    hint="Give the output another name.",
                )
            check_not_by_hand(each)

    def put_in_place(self) -> None:
        """Sync what was written, and swap it in: all of it, or after an error nothing."""
        behind = self._ending() if self._ending else ""
        if behind is None:
            return
        self.claim_all()
        # The first output last, and of each the main file: where it is new, so are the others.
        moves = [
            (file, place.with_name(place.name + behind))
            for path in reversed(self._scratch)
            for place, file in sorted(self._claimed.items(), key=lambda each: each[0] == path)
            if file.parent == self._scratch[path].parent
        ]
        for file, _ in moves:
            if file.exists():
                _sync(file)
        _swap(moves)
        for _, place in moves:
            if self._ending and not behind:  # what an earlier, unfinished run left is in it
                _partial(place).unlink(missing_ok=True)
        for parent in {place.parent for _, place in moves}:
            with suppress(OSError):  # not every file system can
                _sync(parent)


@contextmanager
def _swapping(hint: str, ending: Ending | None, inputs: Iterable[Path]) -> Iterator[_Swap]:
    with ExitStack() as folders:
        swap = _Swap(ending, inputs, folders)
        yield swap
        with _told(swap.name, hint):
            swap.put_in_place()


def _partial(place: Path) -> Path:
    return place.with_name(place.name + PARTIAL)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(moves: Sequence[tuple[Path, Path]]) -> None:
    """Move each file to its place, or clear it of failures if there is none; or undo them all."""
    with ExitStack() as undo:
        for number, (file, place) in enumerate(moves, start=1):
            if number < len(moves):  # nothing can go wrong after the last one
                _remember(place, file.parent, undo)
            if file.exists():
                file.replace(place)
            elif _is_of_failures(place):
                place.unlink(missing_ok=True)
        undo.pop_all()


def _is_of_failures(place: Path) -> bool:
    """Whether there is an earlier failures file, and not something else that is to be kept."""
    try:
        for _ in read_failures(place):
            pass
    except DumpError:
        return False
    return True


def _remember(place: Path, folder: Path, undo: ExitStack) -> None:
    """Have what stands in a place now put back there, if it comes to that."""
    if not os.path.lexists(place):
        undo.callback(place.unlink, missing_ok=True)
        return
    kept = folder / f"{place.name}.before"
    try:
        kept.hardlink_to(place)
    except OSError:  # a file system without links
        shutil.copy2(place, kept)
    undo.callback(kept.replace, place)


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder in ``parent``, made if need be, for the length of the block.

    Those that dead processes left there are removed. Where nothing tells a dead process from one
    at work (Windows, some network file systems), they stay.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.glob(f".*.????????{_SCRATCH}"):
        with _locked(folder) as dead:
            if dead:
                shutil.rmtree(folder, ignore_errors=True)
    made = Path(mkdtemp(prefix=f".{name}.", dir=parent))
    try:
        with _locked(made):
            made = made.rename(f"{made}{_SCRATCH}")  # from now on, others look for its lock
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a lock on a folder, which ends with the process; yields False if there is none."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    with ExitStack() as stack:
        held = False
        with suppress(OSError):  # another process holds it, or there are no locks here
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        yield held
