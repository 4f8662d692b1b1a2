"""The JSON Schema of an output record, for those whose tools read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from extractor.grounding import Evidence
from extractor.record import Meta

if TYPE_CHECKING:
    from extractor.task import Task

VERSION = "1"


def record_schema(task: Task[Any]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every line of a run with ``task`` fits."""
    fields = task.schema.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    evidence = TypeAdapter(Evidence).json_schema(mode="serialization")
    meta = TypeAdapter(Meta).json_schema(mode="serialization")
    definitions = fields.pop("$defs", {}) | meta.pop("$defs", {})
    properties = {
        "id": {"type": "string"},
        "title": {"type": "string"},
        **fields["properties"],
        "evidence": {"type": "array", "items": evidence},
        "meta": meta,
        "source": {"type": "object"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"abstract-extractor/record/{task.name}/{VERSION}",
        "title": f"Record of {task.name}",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name != "source"],
        "$defs": definitions,
    }
