"""What comes out: a record for a paper that was extracted, a failure for one that was not.

A record is the task's own fields within a frame that is the same for every task. The frame's
keys and their JSON Schema are defined here, once; the schemas of the built-in tasks are
published in ``docs/schema``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, to_json
from typing_extensions import TypeVar

from extractor.errors import PaperError, UnfitRecord, UsageError
from extractor.notebook import failure_html, record_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.approaches import Draft
    from extractor.grounding import Dropped, Evidence
    from extractor.llm.answer import Usage
    from extractor.paper import Paper
    from extractor.schemas.paper import PaperFields
    from extractor.task import Task

    SchemaT = TypeVar("SchemaT", bound=BaseModel, default=PaperFields)
else:
    SchemaT = TypeVar("SchemaT", bound=BaseModel)

VERSION = 1
"""Raised when a record that was valid no longer is, or means something else."""


@dataclass(frozen=True, slots=True)
class Meta:
    """How a record came about.

    ``task`` is the schema's name and the start of the fingerprint; ``cached`` says that this
    run paid nothing for it; tokens count every answer that the record took, as the endpoint
    counted them; ``dropped`` are values that the model gave and that were left out, each with the
    reason. ``confidence`` is how likely values without evidence are right, by their paths.
    """

    model: str
    task: str
    cached: bool
    prompt_tokens: int
    completion_tokens: int
    dropped: tuple[Dropped, ...] = ()
    confidence: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values; ``confidence`` only where it says anything."""
        row = {
            "model": self.model,
            "task": self.task,
            "cached": self.cached,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "dropped": [item.to_dict() for item in self.dropped],
        }
        return {**row, "confidence": dict(self.confidence)} if self.confidence else row


@dataclass(frozen=True, slots=True)
class Record(Generic[SchemaT]):
    """One paper's typed fields, with the words of the paper that support each value.

    ``abstract`` is the text that evidence counts in, ``tries`` the requests that were sent for
    it, ``earlier`` whether an earlier attempt at the run paid for them; none of these is written. A
    notebook shows the text with the words marked.
    """

    id: str
    title: str
    fields: SchemaT
    evidence: tuple[Evidence, ...]
    meta: Meta
    source: Mapping[str, object]
    tries: int = 0
    abstract: str = field(default="", repr=False)
    earlier: bool = field(default=False, repr=False)

    @classmethod
    def of(
        cls,
        paper: Paper,
        draft: Draft[SchemaT],
        *,
        model: str,
        task: str,
        usage: Usage,
        cached: bool,
        earlier: bool = False,
    ) -> Record[SchemaT]:
        """Put a paper and what was extracted from it together."""
        meta = Meta(
            model=model,
            task=task,
            cached=cached,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            dropped=draft.dropped,
            confidence=draft.confidence,
        )
        return cls(
            paper.id,
            paper.title,
            draft.fields,
            draft.evidence,
            meta,
            paper.source,
            usage.tries,
            paper.abstract,
            earlier,
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values: the schema's fields stand at the top level."""
        row = {"id": self.id, "title": self.title, **self.fields.model_dump(mode="json")}
        row["evidence"] = [item.to_dict() for item in self.evidence]
        row["meta"] = self.meta.to_dict()
        if self.source:
            row["source"] = dict(self.source)
        return row

    def to_json(self) -> bytes:
        """The line of a JSON Lines file that the record is, without the line's end."""
        return encode_json(self.to_dict())

    def _repr_html_(self) -> str:
        return record_html(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """A paper that could not be extracted.

    ``error`` is a stable kind (see `extractor.errors`), ``tries`` the requests sent. Where
    an entry could not be read, ``line`` is its line in the dump and ``file`` its file, if the run
    has several; a file without a line could not be read itself. ``source`` is what else the dump
    says of the paper; it is not written.
    """

    id: str | None
    title: str | None
    error: str
    message: str
    tries: int = 0
    line: int | None = None
    file: str | None = None
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, paper: Paper, error: PaperError) -> Failure:
        message, tries = str(error), error.tries
        return cls(paper.id, paper.title, error.kind, message, tries, source=paper.source)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Failure:
        """The failure that `to_dict` gave."""
        return cls(
            id=row.get("id"),
            title=row.get("title"),
            error=row["error"],
            message=row.get("message", ""),
            tries=row.get("tries", 0),
            line=row.get("line"),
            file=row.get("file"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The failure as JSON values; ``line`` and ``file`` only where they are known."""
        row = {
            "id": self.id,
            "title": self.title,
            "error": self.error,
            "message": self.message,
            "tries": self.tries,
        }
        place = {"line": self.line, "file": self.file}
        return row | {name: value for name, value in place.items() if value is not None}

    def to_json(self) -> bytes:
        """The line of a JSON Lines file that the failure is, without the line's end."""
        return encode_json(self.to_dict())

    def _repr_html_(self) -> str:
        return failure_html(self)


Result: TypeAlias = "Record[SchemaT] | Failure"


def task_name(row: Mapping[str, Any]) -> str:
    """The name of the task that made a record, given as JSON values; empty if it does not tell."""
    meta = row.get("meta")
    return str(meta.get("task") or "").partition("@")[0] if isinstance(meta, dict) else ""


def encode_json(value: object) -> bytes:
    """JSON in UTF-8 as it is written everywhere: what JSON has no number for is null.

    Raises `UnfitRecord` for what is not JSON, such as half of a surrogate pair.
    """
    try:
        return to_json(value, inf_nan_mode="null")
    except PydanticSerializationError as error:
        whose = (
            f"Record {value.get('id')!r}"
            if isinstance(value, dict) and "id" in value
            else "A value"
        )
        raise UnfitRecord(f"{whose} does not fit into JSON: {error}.", hint="") from error


def _object(
    description: str, properties: dict[str, Any], optional: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
    }


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": description}


_CHANCE = {"type": "number", "minimum": 0, "maximum": 1}
_PATH = _text('The value\'s place in the record, such as "claimed_speedups[0].quote".')
_EVIDENCE = _object(
    "The words of the paper that one value rests on: source[start:end].",
    {
        "path": _PATH,
        "source": {"enum": ["title", "abstract"], "type": "string"},
        "start": _number("Where they begin, in Unicode code points of the original text."),
        "end": _number("Where they end, exclusive."),
    },
    optional={
        "confidence": {
            **_CHANCE,
            "description": "How likely the value is right, where what found it says so.",
        }
    },
)
_DROPPED = _object(
    "A value that the model gave and that was left out.",
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
    optional={
        "confidence": {
            "type": "object",
            "additionalProperties": _CHANCE,
            "description": "How likely values without evidence are right, by their paths.",
        }
    },
)
_BEFORE_FIELDS = {
    "id": _text("The dump's own id of the paper, else its running number in the dump, from 1."),
    "title": _text("The paper's title."),
}
_AFTER_FIELDS = {
    "evidence": {"type": "array", "items": _EVIDENCE},
    "meta": _META,
    "source": {
        "type": "object",
        "description": "What else the dump says of the paper; absent where it says nothing.",
    },
}
RECORD_KEYS = (*_BEFORE_FIELDS, *_AFTER_FIELDS)

CANONICAL = "_canonical"
"""Ends the name of a column with the canonical names of another, item by item."""
"""Keys that every record has beside the schema's fields, which need other names."""


def check_field_names(schema: str, names: Iterable[str]) -> None:
    """Raise `UsageError` where a field of a schema has the name of one of RECORD_KEYS."""
    if taken := next((name for name in names if name in RECORD_KEYS), None):
        raise UsageError(
            f"The schema {schema} has a field {taken!r}, which every record already has.",
            hint="Give the field another name.",
        )


def record_schema(task: Task[Any]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of every record of ``task``.

    Raises `UsageError` where a field has the name of one of RECORD_KEYS.
    """
    fields = _fields_schema(task.schema)
    check_field_names(task.name, fields["properties"])
    return _framed_schema(task.name, fields)


def frame_schema() -> dict[str, Any]:
    """The JSON Schema of what every record has, whatever its task."""
    return _framed_schema("any", {"properties": {}})


def _framed_schema(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    properties = {**_BEFORE_FIELDS, **fields["properties"], **_AFTER_FIELDS}
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
    if "$ref" in schema:  # a model that contains itself stands among its own definitions
        definition = schema["$defs"][schema["$ref"].rpartition("/")[2]]
        schema = {**definition, "$defs": schema["$defs"]}
    if not schema.get("properties"):
        raise UsageError(f"The schema {model.__name__} has no fields.")
    return schema
