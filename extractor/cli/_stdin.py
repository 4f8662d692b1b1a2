"""Standard input that can be let go of, so that a read that waits for somebody to type ends."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 2**16


@contextmanager
def releasable_stdin(*, wanted: bool) -> Iterator[Callable[[], None]]:
    """Put a stand-in in the place of `sys.stdin`; what is yielded ends it for whoever reads.

    Where it is not ``wanted`` nothing happens.

    A thread copies. It may wait in the system's own read as long as it likes, and needs no lock
    of the interpreter's, which can end without it.
    """
    if not wanted:
        yield _nothing
        return
    before = sys.stdin
    source = os.dup(before.fileno())
    outlet, inlet = socket.socketpair()

    def release() -> None:
        with suppress(OSError):
            inlet.shutdown(socket.SHUT_WR)

    def copy() -> None:
        with suppress(OSError):  # released
            while data := os.read(source, _CHUNK):
                inlet.sendall(data)
        release()

    threading.Thread(target=copy, name="extractor-stdin", daemon=True).start()
    with io.TextIOWrapper(outlet.makefile("rb")) as stand_in:
        sys.stdin = stand_in
        try:
            yield release
        finally:
            sys.stdin = before
            release()
            outlet.close()


def _nothing() -> None:
    """Nothing has to be let go of."""
