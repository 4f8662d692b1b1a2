"""What comes out: a record for a paper that was extracted, a failure for one that was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from pydantic_core import to_json

from extractor.task import SchemaT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.approaches import Draft
    from extractor.errors import PaperError
    from extractor.grounding import Dropped, Evidence
    from extractor.paper import Paper


@dataclass(frozen=True, slots=True)
class Meta:
    """How a record came about.

    ``task`` is the schema's name and the fingerprint's start; ``cached`` says that nothing was
    paid for it in this run; tokens count every answer the record took, as the endpoint counted
    them; ``dropped`` are values that the model gave and the paper's words do not bear out.
    """

    model: str
    task: str
    cached: bool
    prompt_tokens: int
    completion_tokens: int
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class Record(Generic[SchemaT]):
    """One paper's typed fields, with the words of the paper that each value rests on."""

    id: str
    title: str
    fields: SchemaT
    evidence: tuple[Evidence, ...]
    meta: Meta
    source: Mapping[str, object]

    @classmethod
    def of(cls, paper: Paper, draft: Draft[SchemaT], *, model: str, task: str) -> Record[SchemaT]:
        """Put a paper and what was extracted from it together."""
        meta = Meta(
            model=model,
            task=task,
            cached=draft.cached,
            prompt_tokens=draft.usage.prompt_tokens,
            completion_tokens=draft.usage.completion_tokens,
            dropped=draft.dropped,
        )
        return cls(paper.id, paper.title, draft.fields, draft.evidence, meta, paper.source)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values: the schema's fields stand at the top level."""
        row = {"id": self.id, "title": self.title, **self.fields.model_dump(mode="json")}
        row["evidence"] = [item.to_dict() for item in self.evidence]
        row["meta"] = {
            "model": self.meta.model,
            "task": self.meta.task,
            "cached": self.meta.cached,
            "prompt_tokens": self.meta.prompt_tokens,
            "completion_tokens": self.meta.completion_tokens,
            "dropped": [item.to_dict() for item in self.meta.dropped],
        }
        if self.source:
            row["source"] = dict(self.source)
        return row

    def to_json(self) -> bytes:
        """One line of JSON in UTF-8, without the line's end."""
        return to_json(self.to_dict())


@dataclass(frozen=True, slots=True)
class Failure:
    """A paper that could not be extracted.

    ``error`` is a stable kind (see :mod:`extractor.errors`), ``tries`` the requests sent, and
    ``line`` the line of the dump where an entry could not be read.
    """

    id: str | None
    title: str | None
    error: str
    message: str
    tries: int = 0
    line: int | None = None

    @classmethod
    def of(cls, paper: Paper, error: PaperError) -> Failure:
        return cls(paper.id, paper.title, error.kind, str(error), error.tries)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Failure:
        """The failure that :meth:`to_dict` gave."""
        return cls(
            id=row.get("id"),
            title=row.get("title"),
            error=row["error"],
            message=row.get("message", ""),
            tries=row.get("tries", 0),
            line=row.get("line"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The failure as JSON values; ``line`` only where it is known."""
        row: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "error": self.error,
            "message": self.message,
            "tries": self.tries,
        }
        return row if self.line is None else {**row, "line": self.line}

    def to_json(self) -> bytes:
        """One line of JSON in UTF-8, without the line's end."""
        return to_json(self.to_dict())


Result: TypeAlias = "Record[SchemaT] | Failure"
