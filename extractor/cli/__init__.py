"""The command ``extractor``: errors end here, as one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

    from extractor.errors import ExtractorError

EXIT_FAILED, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 1, 2, 3, 130
EXIT_CHECK_FAILED = 4
"""The command worked, and what it was asked to check does not hold: quality fell, runs differ."""
EXIT_AWAITED = 5
"""Requests were written to files, and the same command goes on when their results are there."""


def exit_code(*, records: int, failures: int) -> int:
    """The exit code of a run that came to its end."""
    if not failures:
        return 0
    return EXIT_SOME_FAILED if records else EXIT_FAILED


def exit_code_of(error: ExtractorError) -> int:
    """The exit code of a command that an error ends."""
    from extractor.errors import AnswersAwaited, UsageError

    if isinstance(error, AnswersAwaited):
        return EXIT_AWAITED
    return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED


class Termination:
    """SIGTERM ends the command as Ctrl-C does, so that what was begun is cleaned up."""

    _asked = False

    def begin(self) -> None:
        """Handle the signal from now on."""
        self._asked = False
        signal.signal(signal.SIGTERM, self.handle)

    def handle(self, _: int, __: object) -> NoReturn:
        """Handle the signal.

        This is no KeyboardInterrupt: the interpreter ends itself by SIGINT where one has passed
        through exec(), with which dataclasses are made while modules are imported.
        """
        self._asked = True
        sys.exit(EXIT_INTERRUPTED)

    def check(self) -> None:
        """End now if the exit was swallowed, as in a callback of a module that is imported."""
        if self._asked:
            sys.exit(EXIT_INTERRUPTED)


termination = Termination()


def main() -> NoReturn:
    """Run the command line; an error of ours ends as one line and an exit code."""
    from extractor.errors import ExtractorError
    from extractor.option_names import command_line

    termination.begin()
    try:
        from extractor.cli.app import app

        with command_line():
            app()
    except ExtractorError as error:
        print(f"extractor: {error}", file=sys.stderr)
        sys.exit(exit_code_of(error))
    except BrokenPipeError:
        # The reader has had enough (`| head`): end quietly, and keep the interpreter from
        # complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(0)
