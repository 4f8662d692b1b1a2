"""The JSON Schema of an output record, for those whose tools read it.

A record is the task's own fields within a frame that is the same for every task. The schemas
of the built-in tasks are published in ``docs/schema``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from extractor.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from extractor.task import Task

VERSION = 1
"""Raised when a record that was valid no longer is, or means something else."""


def _object(description: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        **more,
    }


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": description}


_PATH = _text('The value\'s place in the record, such as "claimed_speedups[0].quote".')
_EVIDENCE = _object(
    "The words of the paper that one value rests on: source[start:end].",
    {
        "path": _PATH,
        "source": {"enum": ["title", "abstract"], "type": "string"},
        "start": _number("Where they begin, in Unicode code points of the original text."),
        "end": _number("Where they end, exclusive."),
    },
)
_DROPPED = _object(
    "A value that the model gave and that was refused.",
    {"path": _PATH, "value": {"description": "What the model said."}, "reason": _text("Why.")},
)
_META = _object(
    "How the record came about.",
    {
        "model": _text("The model that answered."),
        "task": _text("The schema's name, @, and the start of the task's fingerprint."),
        "cached": {"type": "boolean", "description": "Nothing was paid for it in this run."},
        "prompt_tokens": _number("Tokens of every request that the record took."),
        "completion_tokens": _number("Tokens of every answer that the record took."),
        "dropped": {"type": "array", "items": _DROPPED},
    },
)
_BEFORE = {
    "id": _text("The dump's own id of the paper, else its running number in the dump, from 1."),
    "title": _text("The paper's title."),
}
_AFTER = {
    "evidence": {"type": "array", "items": _EVIDENCE},
    "meta": _META,
    "source": {
        "type": "object",
        "description": "What else the dump says of the paper; absent where it says nothing.",
    },
}


def record_schema(task: Task[Any]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every line of a run with ``task`` fits.

    Raises :class:`UsageError` where the task's fields and the frame's share a name.
    """
    fields = _fields_schema(task.schema)
    if taken := fields["properties"].keys() & {**_BEFORE, **_AFTER}.keys():
        raise UsageError(
            f"The schema {task.name} names a field {min(taken)!r}, which every record has anyway.",
            hint="Name it otherwise.",
        )
    return _framed(task.name, fields)


def frame_schema() -> dict[str, Any]:
    """The JSON Schema of what every record has, whatever its task."""
    return _framed("any", {"properties": {}})


def _framed(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    properties = {**_BEFORE, **fields["properties"], **_AFTER}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:abstract-extractor:record:{name}:v{VERSION}",
        "title": f"Record of {name}",
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key != "source"],
    }
    kept = ("$defs", "additionalProperties")
    return schema | {key: fields[key] for key in kept if fields.get(key)}


class _Output(GenerateJsonSchema):
    """Schemas of what is written, where a field with a default is there like any other."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if field["type"] == "typed-dict-field":
            return super().field_is_required(field, total)
        return True


def _fields_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model as ``model_dump(mode="json")`` writes it."""
    schema = model.model_json_schema(
        mode="serialization",
        by_alias=bool(model.model_config.get("serialize_by_alias")),
        schema_generator=_Output,
    )
    if "$ref" in schema:  # a model that holds itself stands among its own definitions
        definition = schema["$defs"][schema["$ref"].rpartition("/")[2]]
        schema = {**definition, "$defs": schema["$defs"]}
    if not schema.get("properties"):
        raise UsageError(f"The schema {model.__name__} has no fields.")
    return schema
