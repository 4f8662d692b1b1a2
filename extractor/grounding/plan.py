"""What of a schema is to be grounded: its annotated fields, found once for each schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from extractor.errors import UsageError
from extractor.grounding.annotations import Annotation, NumberIn, UnitIn, Url, Verbatim
from extractor.grounding.field_types import outer_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple, set or mapping; ``each`` is what its items, or its values, are."""

    each: Node


@dataclass(frozen=True, slots=True)
class Either:
    """One of several nested models, told apart by their fields."""

    models: tuple[ModelPlan, ...]


@dataclass(slots=True)
class AnnotatedField:
    """A field that is annotated, or that something inside is.

    ``bears_identity``: without it, what holds it says nothing. ``unit_field`` is the sibling
    that gives the unit of a number. ``claim`` is the field of the same model that quotes what
    all of it is about, if it has one.
    """

    name: str
    node: Node
    info: FieldInfo
    bears_identity: bool
    nullable: bool
    unit_field: str | None = None
    claim: str | None = None


@dataclass(slots=True)
class ModelPlan:
    """The annotated fields of a model: quotes first, then words, numbers and units."""

    model: type[BaseModel]
    fields: list[AnnotatedField] = field(default_factory=list)


Node = Verbatim | Url | NumberIn | UnitIn | ModelPlan | Items | Either


@lru_cache(maxsize=256)
def plan_of(model: type[BaseModel]) -> ModelPlan:
    """The plan of ``model``; UsageError where an annotation names a missing field."""
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
        node = _node(info.annotation, info.metadata, known)
        if node is not None:
            nullable = _is_nullable(info.annotation)
            identity = info.is_required() and not nullable
            plan.fields.append(AnnotatedField(name, node, info, identity, nullable))
    _tie(plan)
    return plan


def _node(annotation: Any, metadata: Iterable[Any], known: dict[type, ModelPlan]) -> Node | None:
    outer = outer_type(annotation, metadata)
    if outer.kind == "model":
        (model,) = outer.parts
        recursive = model in known
        plan = _compile(model, known)
        return plan if plan.fields or recursive else None
    if outer.kind == "scalar":
        if outer.parts == (type(None),):
            return None
        return next((each for each in outer.metadata if isinstance(each, Annotation)), None)
    nodes = [node for part in outer.parts if (node := _node(part, outer.metadata, known))]
    if not nodes:
        return None
    # Models of a union are told apart later; of other kinds the first counts.
    models = tuple(node for node in nodes if isinstance(node, ModelPlan))
    each = Either(models) if len(models) > 1 else nodes[0]
    return each if outer.kind == "union" else Items(each)


def _is_nullable(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_nullable(get_args(annotation)[0])
    return type(None) in get_args(annotation)


def _tie(plan: ModelPlan) -> None:
    """Links numbers and units to their quotes, and orders the fields for the walk."""
    by_name = {each.name: each for each in plan.fields}
    units = {each.node.quote: each.name for each in plan.fields if isinstance(each.node, UnitIn)}
    for each in plan.fields:
        quote = getattr(each.node, "quote", None)
        if quote is None:
            continue
        if quote not in plan.model.model_fields:
            raise UsageError(
                f"{plan.model.__name__}.{each.name} refers to {quote!r}, which is not a field.",
                hint="Name a field of the same model.",
            )
        if quote in by_name:
            by_name[quote].bears_identity = True
        if isinstance(each.node, NumberIn):
            each.unit_field = units.get(quote)
    quotes = {each.node.quote for each in plan.fields if isinstance(each.node, NumberIn | UnitIn)}
    claim = next(iter(quotes)) if len(quotes) == 1 else None
    for each in plan.fields:
        each.claim = claim
    order = {NumberIn: 2, UnitIn: 3}
    plan.fields.sort(key=lambda each: order.get(type(each.node), each.name != claim))
