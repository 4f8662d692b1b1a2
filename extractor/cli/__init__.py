"""The command ``extractor``: one module for each subcommand, and the border where errors end.

Modules here import typer and the standard library only; what a command needs is imported
when it runs, so that help answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

EXIT_FAILED, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 1, 2, 3, 130


def main() -> NoReturn:
    """Run the command line; every error of ours ends as one line and an exit code."""
    from extractor.cli.app import app
    from extractor.errors import ExtractorError, UsageError

    try:
        app()
    except UsageError as error:
        _say(error)
        sys.exit(EXIT_USAGE)
    except ExtractorError as error:
        _say(error)
        sys.exit(EXIT_FAILED)
    except BrokenPipeError:
        # The reader has had enough (`| head`): end quietly, and keep the interpreter from
        # complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(0)


def _say(error: Exception) -> None:
    print(f"extractor: {error}", file=sys.stderr)
