"""Values as models write them: what the schemas share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from extractor.grounding import NumberMention

_NOTHING = {"", "null", "none", "n/a", "na", "unknown", "not specified", "not mentioned"}


def blank_is_none(value: object) -> object:
    """Models write "", "null" or "none" where they mean null."""
    return None if isinstance(value, str) and value.strip().lower() in _NOTHING else value


def without_blanks(value: object) -> object:
    """Models write null for an empty list, and null or "" among its items."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item for item in value if item is not None and item != ""]
    return value


@dataclass(frozen=True, slots=True)
class AskedAtMost:
    """How many items of a list, or characters of a text, a model is asked for.

    Without a bound it may repeat itself without end. An answer with more is read all the same,
    and the schema of a record sets no limit.
    """

    count: int

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        if handler.mode == "validation":
            schema["maxItems" if schema.get("type") == "array" else "maxLength"] = self.count
        return schema


@dataclass(frozen=True, slots=True)
class Among:
    """Which numbers of a text come into question for a field, where a program looks for them.

    ``counts`` is given the text and a number in it. A language model may still name any.
    """

    counts: Callable[[str, NumberMention], bool]


@dataclass(frozen=True, slots=True)
class ReadOff:
    """How a program reads a field off the text around its object's number; None if it is not said.

    ``read`` is given the text, the number, and where the number's sentence begins and ends. Where
    no program looks for the objects, a language model is asked for the field.
    """

    read: Callable[[str, NumberMention, tuple[int, int]], Any]
