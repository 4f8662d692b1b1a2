"""Standard input whose reader can be released while it waits for somebody to type."""

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
def releasable_stdin() -> Iterator[Callable[[], None]]:
    """Replace `sys.stdin` by a copy; calling what is yielded ends the copy for its reader.

    A daemon thread copies. It may block in the system's read for as long as it likes: it holds
    no lock of the interpreter, which can exit without it.
    """
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
    with io.TextIOWrapper(outlet.makefile("rb")) as copied:
        sys.stdin = copied
        try:
            yield release
        finally:
            sys.stdin = before
            release()
            outlet.close()
