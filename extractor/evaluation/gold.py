"""Gold: what the records of some papers should say, read from a JSON Lines file."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.errors import DumpError, UsageError
from extractor.evaluation.scorers import (
    PAPER_SCORERS,
    ObjectScorer,
    ScalarScorer,
    UrlScorer,
    as_list,
)
from extractor.grounding import NumberIn, UnitIn, Url
from extractor.grounding.field_types import outer_type
from extractor.schemas.paper import PaperFields
from extractor.task import load_task

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from extractor.evaluation.scorers import Expected, Scorer
    from extractor.grounding.field_types import OuterType

_OPTIONAL = "_optional"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Gold:
    """What is expected of every paper, by its id and field, and the scorers of the fields."""

    scorers: tuple[Scorer, ...]
    papers: Mapping[str, Mapping[str, Expected]]

    def first(self, papers: int | None) -> Gold:
        """The gold of the first papers only; all of it for None."""
        return Gold(self.scorers, dict(itertools.islice(self.papers.items(), papers)))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a gold file in the general form: of each field, its value and ``_optional``."""

    where: str
    id: str
    values: Mapping[str, Any]

    def holds(self, field: str) -> bool:
        return field in self.values or self.values.get(field + _OPTIONAL) is True


def read_gold(path: str | os.PathLike[str], schema: str | type[BaseModel] | None = None) -> Gold:
    """Read the gold of a schema: a built-in one's name, ``path.py:Model``, or a model.

    The form of the lines is described in docs/evaluation.md. Raises DumpError where a line is
    not gold, UsageError where the schema is unknown or does not have what gold names.
    """
    task = load_task(schema)
    lines = _read(Path(path))
    if task.schema is PaperFields:
        scorers, lines = PAPER_SCORERS, list(map(_general_form, lines))
    else:
        scorers = _scorers(task.schema, lines)
    papers = {line.id: {each.field: _expected(each, line) for each in scorers} for line in lines}
    return Gold(scorers, papers)


def _read(path: Path) -> list[_Line]:
    try:
        text = path.read_bytes().removeprefix(_BOM)
    except OSError as error:
        raise DumpError(f"{path} cannot be read: {error.strerror or error}.") from error
    lines: dict[str, _Line] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            values = from_json(line)
        except ValueError as error:
            raise DumpError(f"{where}: not JSON ({error}).") from error
        if not isinstance(values, dict) or not isinstance(values.get("id"), (str, int)):
            raise DumpError(f"{where}: not an object with an id.")
        paper_id = str(values.pop("id"))
        if paper_id in lines:
            raise DumpError(f"{where}: the id {paper_id!r} is there for a second time.")
        lines[paper_id] = _Line(where, paper_id, values)
    if not lines:
        raise DumpError(f"{path} holds no gold.")
    return list(lines.values())


def _general_form(line: _Line) -> _Line:
    """A line of ``paper`` gold, which has keys of its own, in the general form."""
    said = line.values
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
        raise DumpError(f"{line.where}: {error} is missing.") from error
    return replace(line, values=general)


def _scorers(schema: type[BaseModel], lines: Sequence[_Line]) -> tuple[Scorer, ...]:
    """The scorers of the fields that gold names, in the schema's order."""
    fields = _fields_of(schema)
    for line in lines:
        for name in line.values:
            if name.removesuffix(_OPTIONAL) not in ("title", *fields):
                raise DumpError(
                    f"{line.where}: {schema.__name__} has no field {name!r}.",
                    hint="Gold names the fields as the schema does.",
                )
    named = [field for field in fields if any(line.holds(field) for line in lines)]
    if not named:
        raise DumpError(f"{lines[0].where}: gold names no field of {schema.__name__}.")
    return tuple(_scorer(schema, field, lines) for field in named)


def _scorer(schema: type[BaseModel], field: str, lines: Iterable[_Line]) -> Scorer:
    many, value = _value_type(schema, field)
    if value.kind == "mapping":
        raise UsageError(f"{field} is a mapping, which cannot be scored.", hint="Use a list.")
    if value.kind == "scalar":
        is_url = any(isinstance(mark, Url) for mark in value.metadata)
        return UrlScorer(field, many) if is_url else ScalarScorer(field, many)
    (model,) = value.parts
    marks = (mark for info in model.model_fields.values() for mark in info.metadata)
    quotes = {mark.quote for mark in marks if isinstance(mark, (NumberIn, UnitIn)) and mark.quote}
    gold = (line.values.get(name) for line in lines for name in (field, field + _OPTIONAL))
    items = [item for each in gold for item in as_list(each) if isinstance(item, dict)]
    identity = _identity(field, model, {frozenset(item) - quotes for item in items})
    return ObjectScorer(field, many, identity, next(iter(quotes), None))


def _identity(field: str, model: type[BaseModel], named: set[frozenset[str]]) -> tuple[str, ...]:
    """The fields that tell an object from others: those that every gold object names."""
    if len(named) > 1:
        differing = ", ".join(sorted(frozenset.union(*named) - frozenset.intersection(*named)))
        raise UsageError(
            f"Not every gold item of {field} has {differing}.",
            hint="Give all items the same keys; null where there is nothing.",
        )
    keys = next(iter(named), frozenset[str]())
    if named and not keys:
        raise UsageError(f"A gold item of {field} has no key that tells it from others.")
    if unknown := keys - set(_fields_of(model)):
        raise UsageError(f"{model.__name__}, an item of {field}, has no field {min(unknown)!r}.")
    for name in keys:
        many, value = _value_type(model, name)
        if many or value.kind != "scalar":
            raise UsageError(
                f"{field}.{name} is not a single value, and cannot tell items apart.",
                hint="Leave it out of the gold.",
            )
    return tuple(name for name in _fields_of(model) if name in keys)


def _fields_of(schema: type[BaseModel]) -> list[str]:
    """The fields that a record of the schema has, derived ones last."""
    return [*schema.model_fields, *schema.model_computed_fields]


def _value_type(model: type[BaseModel], name: str) -> tuple[bool, OuterType]:
    """Whether a field holds a list, and the type of a single value of it."""
    info = model.model_fields.get(name)
    annotation = info.annotation if info else model.model_computed_fields[name].return_type
    outer = outer_type(annotation, info.metadata if info else ())
    many = False
    while outer.kind in ("union", "list"):
        many = many or outer.kind == "list"
        part = next(part for part in outer.parts if part is not type(None))
        outer = outer_type(part, outer.metadata)
    return many, outer


def _expected(scorer: Scorer, line: _Line) -> Expected:
    field = scorer.field
    if not line.holds(field):
        raise DumpError(
            f"{line.where}: {field} is missing, though other lines have it.",
            hint=f"Write null or [] for nothing, or {field + _OPTIONAL!r}: true.",
        )
    try:
        return scorer.expect(line.values.get(field), line.values.get(field + _OPTIONAL, ()))
    except (KeyError, TypeError, ValueError) as error:
        raise DumpError(
            f"{line.where}: the gold of {field} has the wrong form ({error})."
        ) from error
