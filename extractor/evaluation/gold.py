"""Gold: what the records of some papers should say, as JSON Lines.

A line has the shape of a record, with room for several right forms, and `draft_gold` makes such
lines of records. Gold of the ``paper`` schema may also have keys of its own (`_OWN_KEYS`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.canonical import without_canonical
from extractor.decisions import is_decisions, read_decisions
from extractor.errors import DumpError, UsageError
from extractor.evaluation.reviewed import reviewed_papers
from extractor.evaluation.scorers import (
    PAPER_SCORERS,
    Expected,
    ObjectScorer,
    ScalarScorer,
    UrlScorer,
    as_list,
)
from extractor.grounding import NumberIn, UnitIn, Url
from extractor.grounding.field_types import outer_type
from extractor.record import RECORD_KEYS, encode_json
from extractor.schemas.paper import PaperFields
from extractor.suggest import closest
from extractor.task import load_task

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from extractor.evaluation.reviewed import ReviewedPaper
    from extractor.evaluation.scorers import Scorer
    from extractor.grounding.field_types import OuterType

_OPTIONAL = "_optional"
_OWN_KEYS = frozenset(
    ("method_optional", "other_names", "speedups", "speedups_optional", "other_urls")
)
"""Keys that only the ``paper`` schema's own form of gold has."""
_NOT_GOLD = frozenset(RECORD_KEYS) - {"id", "title"}
_JSON_TYPES: Mapping[object, tuple[type | tuple[type, ...], str]] = {
    int: ((int, float), "a number"),
    float: ((int, float), "a number"),
    str: (str, "a text"),
}
"""What gold has for a field of a type, and how that is called."""
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


def draft_gold(record: Mapping[str, Any]) -> dict[str, Any]:
    """The line of gold that a record is: what it says of its paper, not how it came about."""
    kept = without_canonical(record)
    return {name: value for name, value in kept.items() if name not in _NOT_GOLD}


def read_gold(path: str | os.PathLike[str], schema: str | type[BaseModel] | None = None) -> Gold:
    """Read the gold of a schema: a built-in one's name, ``path.py:Model``, or a model.

    The form of the lines is described in docs/evaluation.md; what was decided in
    `extractor review` is gold too. Raises DumpError where a line is not gold, UsageError where
    the schema is unknown or does not have what gold names.
    """
    task = load_task(schema)
    if is_decisions(Path(path)):
        return _reviewed_gold(Path(path), task.schema)
    lines = _read(Path(path))
    if task.schema is PaperFields:
        lines = [_general_form(line) if line.values.keys() & _OWN_KEYS else line for line in lines]
    scorers = _scorers(task.schema, lines)
    papers = {line.id: {each.field: _expected(each, line) for each in scorers} for line in lines}
    return Gold(scorers, papers)


def _reviewed_gold(path: Path, schema: type[BaseModel]) -> Gold:
    """What reviewers decided: fields about which nothing was decided are not judged."""
    papers = reviewed_papers(read_decisions(path))
    lines = [
        _Line(str(path), paper_id, {name: said.right for name, said in paper.fields.items()})
        for paper_id, paper in papers.items()
    ]
    if not lines:
        raise DumpError(f"{path} holds no decision that stands.")
    scorers = PAPER_SCORERS if schema is PaperFields else _scorers(schema, lines)
    try:
        expected = {
            paper_id: {each.field: _decided(each, paper) for each in scorers}
            for paper_id, paper in papers.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DumpError(
            f"{path} does not fit the schema {schema.__name__} ({error}).",
            hint="Name the schema that was reviewed with --schema.",
        ) from error
    return Gold(scorers, expected)


def _decided(scorer: Scorer, paper: ReviewedPaper) -> Expected:
    said = paper.fields.get(scorer.field)
    if said is None:
        return Expected(judged=paper.complete)
    right, wrong = scorer.accepted(said.right), scorer.accepted(said.wrong)
    is_all = paper.complete or (bool(right) and not scorer.many)
    return Expected(right, wrong=None if is_all else wrong)


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
        paper_id = str(values["id"])
        if paper_id in lines:
            raise DumpError(f"{where}: the id {paper_id!r} is there for a second time.")
        lines[paper_id] = _Line(where, paper_id, _said(values))
    if not lines:
        raise DumpError(f"{path} holds no gold.")
    return list(lines.values())


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says of the fields; whole records are read too, so all they have is known."""
    return {name: value for name, value in values.items() if name not in RECORD_KEYS}


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
            if (field := name.removesuffix(_OPTIONAL)) not in fields:
                raise DumpError(
                    f"{line.where}: {schema.__name__} has no field {name!r}.",
                    hint=_meant(field, fields),
                )
    named = [field for field in fields if any(line.holds(field) for line in lines)]
    if not named:
        raise DumpError(f"{lines[0].where}: gold names no field of {schema.__name__}.")
    if schema is PaperFields:
        return tuple(scorer for scorer in PAPER_SCORERS if scorer.field in named)
    return tuple(_scorer(schema, field, lines) for field in named)


def _meant(name: str, fields: Sequence[str]) -> str:
    near = closest(name, fields)
    if near:
        return f"Did you mean {near!r}?"
    return f"It has {', '.join(fields)}. Name another schema with --schema."


def _scorer(schema: type[BaseModel], field: str, lines: Iterable[_Line]) -> Scorer:
    many, value = _value_type(schema, field)
    if value.kind == "mapping":
        raise UsageError(
            f"{field} is a mapping, which cannot be scored.", hint="Leave it out of the gold."
        )
    if value.kind == "scalar":
        is_url = any(isinstance(mark, Url) for mark in value.metadata)
        _check_types(field, value, lines)
        return UrlScorer(field, many) if is_url else ScalarScorer(field, many)
    (model,) = value.parts
    quotes = _quotes_of(model)
    gold = ((line, line.values.get(name)) for line in lines for name in (field, field + _OPTIONAL))
    items = [
        (line.where, frozenset(item) - quotes)
        for line, said in gold
        for item in as_list(said)
        if isinstance(item, dict)
    ]
    return ObjectScorer(field, many, _identity(field, model, items), next(iter(quotes), None))


def _check_types(field: str, value: OuterType, lines: Iterable[_Line]) -> None:
    """Raise DumpError for a number as text and the like, which would be equal to no answer."""
    if value.parts[0] not in _JSON_TYPES:
        return
    types, called = _JSON_TYPES[value.parts[0]]
    for line in lines:
        for given in _leaves([line.values.get(field), line.values.get(field + _OPTIONAL)]):
            if not (given is None or given is True or given == "" or isinstance(given, types)):
                raise DumpError(
                    f"{line.where}: the gold of {field} has {encode_json(given).decode()}, "
                    f"where the schema has {called}."
                )


def _leaves(value: Any) -> Iterator[Any]:
    """The single values in lists of lists."""
    if isinstance(value, list):
        yield from (leaf for each in value for leaf in _leaves(each))
    else:
        yield value


def _identity(
    field: str, model: type[BaseModel], items: Sequence[tuple[str, frozenset[str]]]
) -> tuple[str, ...]:
    """The fields that tell an object from others: those that every gold object names.

    ``items`` are the place and the keys of each. Where they name all that a record's objects
    have, what follows from the others and what is not a single value does not count.
    """
    fields = _fields_of(model)
    keys = frozenset[str]().union(*(named for _, named in items))
    for where, named in items:
        if unknown := named - set(fields):
            name = min(unknown)
            raise UsageError(
                f"{where}: {model.__name__}, an item of {field}, has no field {name!r}.",
                hint=_meant(name, fields),
            )
        if not named:
            raise UsageError(f"{where}: an item of {field} has no key that tells it from others.")
        if lacking := (keys - named) & set(fields):
            raise UsageError(
                f"{where}: an item of {field} lacks {', '.join(sorted(lacking))}, "
                "which other items have.",
                hint="Give all items the same keys; null where there is nothing.",
            )
    several = [name for name in keys if not _is_single(model, name)]
    if keys | _quotes_of(model) >= model.model_fields.keys():
        keys -= {*several, *model.model_computed_fields}
    elif several:
        raise UsageError(
            f"{field}.{several[0]} is not a single value, and cannot tell items apart.",
            hint="Leave it out of the gold.",
        )
    return tuple(name for name in _fields_of(model) if name in keys)


def _fields_of(schema: type[BaseModel]) -> list[str]:
    """The fields that a record of the schema has, derived ones last."""
    return [*schema.model_fields, *schema.model_computed_fields]


def _quotes_of(model: type[BaseModel]) -> set[str]:
    """The fields of an object that hold the words of others."""
    marks = (mark for info in model.model_fields.values() for mark in info.metadata)
    return {mark.quote for mark in marks if isinstance(mark, (NumberIn, UnitIn)) and mark.quote}


def _is_single(model: type[BaseModel], name: str) -> bool:
    many, value = _value_type(model, name)
    return not many and value.kind == "scalar"


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
