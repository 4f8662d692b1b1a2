"""What of a schema is to be grounded: its marked fields, found once for each schema."""

from __future__ import annotations

import types
from collections import abc
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from extractor.errors import UsageError
from extractor.grounding.annotations import Mark, NumberIn, UnitIn, Url, Verbatim

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

_CONTAINERS = (list, tuple, set, frozenset, abc.Sequence, abc.Set, abc.Iterable)
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple or set; ``each`` is what its items are."""

    each: Node


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping; ``each`` is what its values are."""

    each: Node


@dataclass(frozen=True, slots=True)
class Either:
    """One of several nested models, told apart by their fields."""

    models: tuple[ModelPlan, ...]


@dataclass(slots=True)
class MarkedField:
    """A field with a mark on it, or somewhere inside it.

    ``bears_identity``: without it, what holds it says nothing. ``unit_field`` is the sibling
    that gives the unit of a number.
    """

    name: str
    node: Node
    info: FieldInfo
    bears_identity: bool
    nullable: bool
    unit_field: str | None = None


@dataclass(slots=True)
class ModelPlan:
    """The marked fields of a model: words first, then numbers, then units."""

    model: type[BaseModel]
    fields: list[MarkedField] = field(default_factory=list)


Node = Verbatim | Url | NumberIn | UnitIn | ModelPlan | Items | Entries | Either


@lru_cache(maxsize=256)
def plan_of(model: type[BaseModel]) -> ModelPlan:
    """The plan of ``model``; UsageError where a mark names a field that is not there."""
    return _compile(model, {})


def _compile(model: type[BaseModel], known: dict[type, ModelPlan]) -> ModelPlan:
    if model in known:
        return known[model]
    if not model.__pydantic_complete__ and not model.model_rebuild(raise_errors=False):
        raise UsageError(
            f"{model.__name__} names a type that is not known.",
            hint="Define every type of the schema at the top of its module.",
        )
    plan = known[model] = ModelPlan(model)
    for name, info in model.model_fields.items():
        node = _node(info.annotation, _mark(info.metadata), known)
        if node is not None:
            nullable = _is_nullable(info.annotation)
            identity = info.is_required() and not nullable
            plan.fields.append(MarkedField(name, node, info, identity, nullable))
    _tie(plan)
    return plan


def _mark(metadata: list[Any] | tuple[Any, ...]) -> Mark | None:
    return next((each for each in metadata if isinstance(each, Mark)), None)


def _node(annotation: Any, mark: Mark | None, known: dict[type, ModelPlan]) -> Node | None:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _node(args[0], _mark(args[1:]) or mark, known)
    if hasattr(annotation, "__value__"):  # type Name = ...
        return _node(annotation.__value__, mark, known)
    if origin in (Union, types.UnionType):
        return _either([node for arg in args if (node := _node(arg, mark, known))])
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        return _model_node(annotation, mark, known)
    if origin in _CONTAINERS:
        each = _either([node for arg in args if (node := _node(arg, mark, known))])
        return Items(each) if each else None
    if origin in _MAPPINGS and len(args) == 2:
        each = _node(args[1], mark, known)
        return Entries(each) if each else None
    return None if annotation is type(None) else mark


def _model_node(
    model: type[BaseModel], mark: Mark | None, known: dict[type, ModelPlan]
) -> Node | None:
    root = model.model_fields.get("root")
    if root is not None and getattr(model, "__pydantic_root_model__", False):
        return _node(root.annotation, _mark(root.metadata) or mark, known)
    recursive = model in known
    plan = _compile(model, known)
    return plan if plan.fields or recursive else None


def _either(nodes: list[Node]) -> Node | None:
    """One node for a union; models are told apart later, of other kinds the first counts."""
    models = tuple(node for node in nodes if isinstance(node, ModelPlan))
    if len(models) > 1:
        return Either(models)
    return nodes[0] if nodes else None


def _is_nullable(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_nullable(get_args(annotation)[0])
    return type(None) in get_args(annotation)


def _tie(plan: ModelPlan) -> None:
    """Ties numbers and units to the quotes they rest on, and orders the fields for the walk."""
    by_name = {each.name: each for each in plan.fields}
    units = {each.node.quote: each.name for each in plan.fields if isinstance(each.node, UnitIn)}
    for each in plan.fields:
        quote = getattr(each.node, "quote", None)
        if quote is None:
            continue
        if quote not in plan.model.model_fields:
            raise UsageError(
                f"{plan.model.__name__}.{each.name} rests on {quote!r}, which is no field of it.",
                hint="Name a field of the same model.",
            )
        if quote in by_name:
            by_name[quote].bears_identity = True
        if isinstance(each.node, NumberIn):
            each.unit_field = units.get(quote)
    order = {NumberIn: 1, UnitIn: 2}
    plan.fields.sort(key=lambda each: order.get(type(each.node), 0))
