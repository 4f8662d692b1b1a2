"""Where the values of a JSON text stand, by their paths."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic_core import from_json

# A text that has no end goes on to the end: a further look from each of its quotes would take long.
_PART = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_THOUGHT = "</think>"
_DEEPEST = 64


def places(text: str) -> dict[str, tuple[int, int]]:
    """Start and end of the texts, numbers, booleans and nulls of the first JSON object.

    By paths that read as ``results[0].value``; in code points, with the quotes of a text. What a
    model writes before the object is left out. Where the text is no JSON, or nested too deep, the
    places up to there are right.
    """
    thought = text.rfind(_THOUGHT)
    begin = text.find("{", thought + len(_THOUGHT) if thought >= 0 else 0)
    scan = _Scan()
    if begin >= 0:
        for part in _PART.finditer(text, begin):
            if not scan.take(part.group(), part.span()):
                break
    return scan.found


@dataclass(slots=True)
class _Scan:
    """One pass over the parts of a text; ``owners`` are the open objects and lists."""

    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    owners: list[_Owner] = field(default_factory=list)

    def take(self, part: str, span: tuple[int, int]) -> bool:
        """Take the next part; False at the end of the outermost object."""
        if part in "{[":
            self.owners.append(_Owner(self.owners[-1].path if self.owners else "", part == "["))
        elif part in "}]":
            self.owners.pop()
        elif part == ",":
            self.owners[-1].next()
        elif self.owners[-1].awaits_name:
            self.owners[-1].name = _name(part)
        elif part != ":":
            self.found[self.owners[-1].path] = span
        return 0 < len(self.owners) <= _DEEPEST


def _name(part: str) -> str:
    try:
        return str(from_json(part))
    except ValueError:
        return part


@dataclass(slots=True)
class _Owner:
    """An open object or list, and where in it the next value belongs."""

    base: str
    is_list: bool
    name: str | None = None
    index: int = 0

    @property
    def awaits_name(self) -> bool:
        return not self.is_list and self.name is None

    @property
    def path(self) -> str:
        if self.is_list:
            return f"{self.base}[{self.index}]"
        return f"{self.base}.{self.name}" if self.base else str(self.name)

    def next(self) -> None:
        self.index += 1
        self.name = None
