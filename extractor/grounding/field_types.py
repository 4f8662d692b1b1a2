"""What an annotation holds: the one walk over the types of a schema's fields."""

from __future__ import annotations

import types
from collections import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Iterable

_LISTS = (list, tuple, set, frozenset, abc.Sequence, abc.Set, abc.Iterable)
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)


@dataclass(frozen=True, slots=True)
class OuterType:
    """The outermost structure of an annotation.

    ``parts`` are the members of a union, the types of a list's items, the type of a mapping's
    values, or the model or scalar itself. ``metadata`` of ``Annotated`` holds for all of them;
    what stands closest to the type comes first.
    """

    kind: Literal["union", "list", "mapping", "model", "scalar"]
    parts: tuple[Any, ...]
    metadata: tuple[Any, ...]


def outer_type(annotation: Any, metadata: Iterable[Any] = ()) -> OuterType:
    """The structure of ``annotation``, seen through Annotated, type aliases and root models.

    ``metadata`` is what is already known of it, from its field or from what it is a part of.
    """
    metadata = tuple(metadata)
    while True:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation, metadata = args[0], (*args[1:], *metadata)
        elif hasattr(annotation, "__value__"):  # type Name = ...
            annotation = annotation.__value__
        elif getattr(annotation, "__pydantic_root_model__", False) and annotation.model_fields:
            root = annotation.model_fields["root"]
            annotation, metadata = root.annotation, (*root.metadata, *metadata)
        else:
            break
    if origin in (Union, types.UnionType):
        return OuterType("union", args, metadata)
    if origin in _LISTS:
        return OuterType("list", args, metadata)
    if (origin or annotation) in _MAPPINGS:
        return OuterType("mapping", args[1:], metadata)
    is_model = isinstance(annotation, type) and hasattr(annotation, "model_fields")
    return OuterType("model" if is_model else "scalar", (annotation,), metadata)
