"""Gold: what the records of some papers should say, read from a JSON Lines file."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.errors import DumpError
from extractor.evaluation._fields import PAPER_SCORERS, fields_of, scorer_of
from extractor.schemas.paper import PaperFields
from extractor.task import load_task

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import BaseModel

    from extractor.evaluation._scorers import Scorer, Wanted

_OPTIONAL = "_optional"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Gold:
    """What is wanted of every paper, by its id, and the scorers of the fields."""

    scorers: tuple[Scorer, ...]
    papers: Mapping[str, Mapping[str, Wanted]]

    def first(self, papers: int | None) -> Gold:
        """The gold of the first papers only; all of it for None."""
        return Gold(self.scorers, dict(itertools.islice(self.papers.items(), papers)))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a gold file in the general form: a value and its ``_optional`` a field."""

    where: str
    id: str
    said: Mapping[str, Any]

    def holds(self, field: str) -> bool:
        return field in self.said or self.said.get(field + _OPTIONAL) is True


def read_gold(path: str | os.PathLike[str], schema: str | type[BaseModel] | None = None) -> Gold:
    """Read the gold of a schema: a built-in one's name, ``path.py:Model``, or a model.

    The form of the lines is described in docs/evaluation.md. Raises DumpError where a line is
    no gold, UsageError where the schema is unknown or gold names what it does not have.
    """
    task = load_task(schema)
    if task.schema is PaperFields:
        lines = [_paper_line(line) for line in _read(Path(path))]
        return _gold(PAPER_SCORERS, lines)
    lines = list(_read(Path(path)))
    return _gold(_scorers(task.schema, lines), lines)


def _gold(scorers: tuple[Scorer, ...], lines: Iterable[_Line]) -> Gold:
    return Gold(scorers, {line.id: _wanted(scorers, line) for line in _once(lines)})


def _read(path: Path) -> Iterator[_Line]:
    try:
        text = path.read_bytes().removeprefix(_BOM)
    except OSError as error:
        raise DumpError(f"{path} cannot be read: {error.strerror or error}.") from error
    empty = True
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            empty = False
            yield _line(line, f"{path}, line {number}")
    if empty:
        raise DumpError(f"{path} holds no gold.")


def _line(line: bytes, where: str) -> _Line:
    try:
        said = from_json(line)
    except ValueError as error:
        raise DumpError(f"{where}: not JSON ({error}).") from error
    if not isinstance(said, dict) or not isinstance(said.get("id"), (str, int)):
        raise DumpError(f"{where}: no object with an id.")
    return _Line(where, str(said.pop("id")), said)


def _once(lines: Iterable[_Line]) -> Iterator[_Line]:
    seen: set[str] = set()
    for line in lines:
        if line.id in seen:
            raise DumpError(f"{line.where}: the id {line.id!r} stands there for a second time.")
        seen.add(line.id)
        yield line


def _paper_line(line: _Line) -> _Line:
    """A line of ``paper`` gold, whose keys are other ones, in the general form."""
    said = line.said
    try:
        general = {
            "method_name": said["method_name"],
            "method_name_optional": bool(said.get("method_optional")) or said["other_names"],
            "claimed_speedups": said["speedups"],
            "claimed_speedups_optional": said["speedups_optional"],
            "benchmarks": said["benchmarks"],
            "benchmarks_optional": said["benchmarks_optional"],
            "hardware": said["hardware"],
            "hardware_optional": said["hardware_optional"],
            "code_url": said["code_url"] or None,
        }
    except KeyError as error:
        raise DumpError(f"{line.where}: there is no {error}.") from error
    return _Line(line.where, line.id, general)


def _scorers(schema: type[BaseModel], lines: Iterable[_Line]) -> tuple[Scorer, ...]:
    """The scorers of the fields that gold speaks of, in the schema's order."""
    lines = list(lines)
    for line in lines:
        _check_fields(schema, line)
    spoken_of = [name for name in fields_of(schema) if any(line.holds(name) for line in lines)]
    if not spoken_of:
        raise DumpError(f"{lines[0].where}: gold names no field of {schema.__name__}.")
    return tuple(scorer_of(schema, name, _objects(name, lines)) for name in spoken_of)


def _check_fields(schema: type[BaseModel], line: _Line) -> None:
    known = {"title", *fields_of(schema)}
    for name in line.said:
        if name.removesuffix(_OPTIONAL) not in known:
            raise DumpError(
                f"{line.where}: {schema.__name__} has no field {name!r}.",
                hint="Gold names the fields as the schema does.",
            )


def _objects(field: str, lines: Iterable[_Line]) -> Iterator[dict[str, Any]]:
    for line in lines:
        for name in (field, field + _OPTIONAL):
            value = line.said.get(name)
            items = value if isinstance(value, list) else [value]
            yield from (item for item in items if isinstance(item, dict))


def _wanted(scorers: Iterable[Scorer], line: _Line) -> dict[str, Wanted]:
    return {scorer.field: _field_wanted(scorer, line) for scorer in scorers}


def _field_wanted(scorer: Scorer, line: _Line) -> Wanted:
    if not line.holds(scorer.field):
        raise DumpError(
            f"{line.where}: {scorer.field} is not there, though other lines have it.",
            hint=f"Write null or [] for nothing, or {scorer.field + _OPTIONAL!r}: true.",
        )
    free = line.said.get(scorer.field + _OPTIONAL, ())
    try:
        return scorer.want(line.said.get(scorer.field), free)
    except (KeyError, TypeError, ValueError) as error:
        raise DumpError(
            f"{line.where}: {scorer.field} is no gold of this field ({error})."
        ) from error
