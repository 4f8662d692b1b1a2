"""What does not stay in memory until a batch has ended: papers, and requests."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

import anyio.to_thread

from extractor.llm.batches import SIZE
from extractor.llm.budget import Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from extractor.paper import Paper
    from extractor.record import Failure


_AT_A_TIME = 256


class Spool:
    """What was added, in order, in a file that ends with this process."""

    def __init__(self, directory: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 -- closed at the exit

    async def fill(
        self, items: Iterable[Paper | Failure], check: Callable[[], None] = lambda: None
    ) -> None:
        """Add all items, which are read in a thread; ``check`` is called now and then."""
        coming = iter(items)
        while read := await anyio.to_thread.run_sync(
            lambda: list(islice(coming, _AT_A_TIME)), abandon_on_cancel=True
        ):
            for item in read:
                pickle.dump(item, self._file)
            check()

    def __iter__(self) -> Iterator[Paper | Failure]:
        """Yield what was added; one at a time may iterate."""
        self._file.seek(0)
        while True:
            try:
                yield pickle.load(self._file)  # noqa: S301 -- our own
            except EOFError:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class RequestFile:
    """The requests of the next batch, on disk."""

    def __init__(self, directory: Path) -> None:
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 -- closed at the exit
            dir=directory, prefix="requests-", suffix=".jsonl"
        )
        self.clear()

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.keys: list[str] = []
        self.most = Spent()
        self._size = 0

    def has_room(self, line: bytes, most_lines: int) -> bool:
        return len(self.keys) < most_lines and self._size + len(line) <= SIZE

    def add(self, key: str, line: bytes, most: Spent) -> None:
        self._file.write(line)
        self.keys.append(key)
        self.most += most
        self._size += len(line)

    def written(self) -> Path:
        """The file, with all that was added on disk."""
        self._file.flush()
        return Path(self._file.name)

    def save(self, path: Path) -> None:
        """Keep what was added in a file of its own, and begin anew."""
        partial = path.with_name(f".{path.name}")
        shutil.copyfile(self.written(), partial)
        partial.replace(path)
        self.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
