"""A debug log of a run. It has the ids of papers, never their texts."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from extractor.errors import OutputError, UsageError
from extractor.paths import same_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PAPER: ContextVar[str] = ContextVar("extractor_paper", default="")
"""The id of the paper in progress."""

_FORMAT = "%(asctime)s.%(msecs)03d %(name)s paper=%(paper)s %(message)s"


def _with_paper(record: logging.LogRecord) -> bool:
    record.paper = repr(PAPER.get())
    return True


@contextmanager
def logging_to(path: Path | None, *, others: Iterable[Path] = ()) -> Iterator[None]:
    """Append a log of what Extractor does to a file while the block runs. None logs nothing.

    Only this package's own messages are logged: those of its libraries contain whole requests.
    Raises UsageError if the file is one of the ``others``, OutputError if it cannot be written.
    """
    if path is None:
        yield
        return
    is_device = path.exists() and not path.is_file()
    if not is_device and any(same_file(path, other) for other in others):
        raise UsageError(
            f"The debug log would go into {path}, which Extractor reads or writes.",
            hint="Give --debug-log a file of its own.",
        )
    logger = logging.getLogger("extractor")
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    handler.addFilter(_with_paper)
    handler.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%dT%H:%M:%S"))
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield
    finally:
        logger.level, logger.propagate = before
        logger.removeHandler(handler)
        handler.close()
