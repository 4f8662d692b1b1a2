"""From a schema to its scorers: the ``paper`` schema has its own, any other is read off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from extractor.errors import UsageError
from extractor.evaluation._scorers import Address, Claim, Item, Name, Scalar, Scorer
from extractor.grounding import NumberIn, UnitIn, Url
from extractor.grounding.field_types import outer_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

PAPER_SCORERS = (
    Scorer("method_name", Name()),
    Scorer("claimed_speedups", Claim(), many=True),
    Scorer("benchmarks", Name(), many=True),
    Scorer("hardware", Name(), many=True),
    Scorer("code_url", Address()),
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a field holds: ``many`` values or one, objects of ``model``, URLs, or scalars."""

    many: bool = False
    model: type[BaseModel] | None = None
    url: bool = False
    mapping: bool = False


def fields_of(schema: type[BaseModel]) -> list[str]:
    """The fields that a record of the schema has, derived ones last."""
    return [*schema.model_fields, *schema.model_computed_fields]


def scorer_of(schema: type[BaseModel], field: str, gold_items: Iterable[dict[str, Any]]) -> Scorer:
    """The scorer of one field.

    ``gold_items`` are all objects that gold holds for it: the fields that they name tell an
    object from others. Raises UsageError where these differ or cannot be compared.
    """
    shape = _field_shape(schema, field)
    if shape.mapping:
        raise UsageError(f"{field} is a mapping, which cannot be scored.", hint="Use a list.")
    if shape.model is not None:
        return Scorer(field, _item(field, shape.model, list(gold_items)), many=shape.many)
    return Scorer(field, Address() if shape.url else Scalar(), many=shape.many)


def _item(field: str, model: type[BaseModel], gold_items: list[dict[str, Any]]) -> Item:
    quotes = _quotes(model)
    named = {frozenset(item) - quotes for item in gold_items}
    if len(named) > 1:
        differing = ", ".join(sorted(frozenset.union(*named) - frozenset.intersection(*named)))
        raise UsageError(
            f"Not every gold item of {field} has {differing}.",
            hint="Give all items the same keys; null where there is nothing.",
        )
    keys = tuple(name for name in fields_of(model) if name in next(iter(named), ()))
    for name in keys:
        _check_key(field, name, _field_shape(model, name))
    _check_known(field, model, named)
    return Item(keys, next(iter(quotes), None))


def _check_known(field: str, model: type[BaseModel], named: set[frozenset[str]]) -> None:
    if unknown := frozenset().union(*named) - set(fields_of(model)):
        raise UsageError(f"{model.__name__}, an item of {field}, has no field {min(unknown)!r}.")
    if frozenset() in named:
        raise UsageError(f"A gold item of {field} names nothing to know it by.")


def _check_key(field: str, name: str, shape: _Shape) -> None:
    if shape.many or shape.mapping or shape.model is not None:
        raise UsageError(
            f"{field}.{name} is no single value, and cannot tell items apart.",
            hint="Leave it out of the gold.",
        )


def _quotes(model: type[BaseModel]) -> frozenset[str]:
    """The fields that only quote the words in which numbers and units of a model stand."""
    marks = (mark for info in model.model_fields.values() for mark in info.metadata)
    return frozenset(
        mark.quote for mark in marks if isinstance(mark, (NumberIn, UnitIn)) and mark.quote
    )


def _field_shape(model: type[BaseModel], name: str) -> _Shape:
    info = model.model_fields.get(name)
    if info is None:
        return _shape(model.model_computed_fields[name].return_type, ())
    return _shape(info.annotation, info.metadata)


def _shape(annotation: Any, metadata: Iterable[Any]) -> _Shape:
    outer = outer_type(annotation, metadata)
    if outer.kind == "union":
        return _shape(next(part for part in outer.parts if part is not type(None)), outer.metadata)
    if outer.kind == "list":
        return replace(_shape(outer.parts[0], outer.metadata), many=True)
    return _Shape(
        model=outer.parts[0] if outer.kind == "model" else None,
        url=any(isinstance(mark, Url) for mark in outer.metadata),
        mapping=outer.kind == "mapping",
    )
