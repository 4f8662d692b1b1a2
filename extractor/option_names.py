"""How messages name an option: ``base_url=`` in Python, ``--base-url`` on the command line.

They are written as on the command line, and put into Python's words unless it is at work.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERWISE = {
    "Run the same command": "Make the same call",
    "Set OPENAI_API_KEY": "Give api_key=, or set OPENAI_API_KEY",
    "--debug-log FILE": "debug_log='FILE'",
    "a --debug-log": "debug_log='FILE'",
    "--debug-log": "debug_log=",
    "--append": "append=True",
    "--batch": "batch=True",
    "--dump-format": "dump_format= (format= of read_dump)",
    "--extra-header": "extra_headers=",
    "--no-cache": "cache=False",
    "--retry-failed": "retry_failed=True",
    "--unique": "unique=True",
    "with -o": "with out=",
}
"""What is more than another form of the same name."""

_NAMES = (
    *("abstract-column", "answer-tokens", "api-version", "approach", "base-url", "batch-files"),
    *(
        "cache-dir",
        "concurrency",
        "extra-body",
        "failures",
        "format",
        "id-column",
        "key-header",
        "limit",
        "max-cost",
    ),
    *(
        "max-requests",
        "max-tokens",
        "min-confidence",
        "mode",
        "model",
        "patience",
        "price-in",
        "price-out",
    ),
    *("prompt", "reasoning-effort", "rpm", "schema", "temperature", "timeout", "title-column"),
    *("ray-address", "workers", "part-papers", "engine"),
    *("sample", "tpm", "tries", "view", "where"),
)
_VALUES = ("none", "full-schema", "papers", "ray")
_PATTERN = re.compile(
    rf"{'|'.join(map(re.escape, _OTHERWISE))}(?![\w-])"
    rf"|--(?P<name>{'|'.join(_NAMES)})(?![\w-])(?: (?P<value>{'|'.join(_VALUES)})\b"
    r"| (?P<quoted>'[^']*'|\"[^\"]*\"))?"
)

_on_command_line = False


@contextmanager
def command_line(*, at_work: bool = True) -> Iterator[None]:
    """Leave messages as they are written during the block, in every thread; without ``at_work``
    they are put into Python's words."""
    global _on_command_line
    before, _on_command_line = _on_command_line, at_work
    try:
        yield
    finally:
        _on_command_line = before


def on_command_line() -> bool:
    """Whether messages are left as they are written."""
    return _on_command_line


def as_typed(message: str) -> str:
    """A message of Extractor's own with options as its reader types them."""
    if _on_command_line:
        return message
    return _PATTERN.sub(_in_python, message)


def _in_python(found: re.Match[str]) -> str:
    if not found["name"]:
        return _OTHERWISE[found[0]]
    value = repr(found["value"]) if found["value"] else found["quoted"] or ""
    return f"{found['name'].replace('-', '_')}={value}"
