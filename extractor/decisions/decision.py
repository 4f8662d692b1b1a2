"""One decision of a reviewer: a line of the file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from extractor.record import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

Verdict: TypeAlias = Literal["accept", "reject", "correct", "add", "complete", "undo"]
"""What was decided.

"accept", "reject" and "correct" concern a value, "add" a value that the record lacks,
"complete" the whole paper: it has no value beside those that were accepted, corrected or added.
"undo" takes back the reviewer's last decision about the same thing.
"""

Key: TypeAlias = "tuple[str, str, bytes]"
"""What a decision is about, within its paper."""

WHOLE_PAPER: Key = "", "paper", b""

_FIELD = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided, when, and about what.

    ``at`` is the time in UTC, ISO 8601. ``paper`` and ``title`` are those of the record, ``text``
    is `text_hash` of the title and abstract that were read. ``path`` is the value's place in the
    record, "" for the whole paper. ``old`` is the value that was judged, ``new`` the one that
    stands in its place. ``evidence`` is that of the value that is right; its paths continue the
    path of the value. With ``refused``, the judged value was a refused one (``meta.dropped``).
    """

    at: str
    reviewer: str
    paper: str
    title: str
    text: str
    path: str
    verdict: Verdict
    old: Any = None
    new: Any = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    refused: bool = False

    @property
    def field(self) -> str:
        """The record's field; "" for the whole paper."""
        return field_of(self.path)

    @property
    def right(self) -> Any:
        """The value that the record is to have; None where it was rejected."""
        return self.old if self.verdict == "accept" and self.new is None else self.new

    @property
    def outcome(self) -> str:
        """The verdict, or "keep" where a refused value is right after all."""
        kept = self.refused and (self.verdict == "accept" or self.new == self.old)
        return "keep" if kept else self.verdict

    @property
    def key(self) -> Key:
        """What the decision is about, within its paper: places may shift, the value tells."""
        if not self.path:
            return WHOLE_PAPER
        if self.old is None:
            return self.field, "added", encode_json(self.new)
        return self.field, "value", encode_json(self.old)

    def to_dict(self) -> dict[str, Any]:
        """The decision as JSON values, without what it does not have."""
        row = asdict(self)
        return {f.name: row[f.name] for f in fields(self) if row[f.name] != f.default}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` gave. Raises KeyError, TypeError or ValueError for others."""
        texts = ("at", "reviewer", "paper", "title", "text", "path")
        if not all(isinstance(row[name], str) for name in texts):
            raise TypeError("a text is missing")
        if row["verdict"] not in get_args(Verdict):
            raise ValueError(f"there is no verdict {row['verdict']!r}")
        return cls(
            **{name: row[name] for name in texts},
            verdict=row["verdict"],
            old=row.get("old"),
            new=row.get("new"),
            evidence=tuple(dict(each) for each in row.get("evidence", ())),
            refused=row.get("refused") is True,
        )


def field_of(path: str) -> str:
    """The field of the record in which a path begins."""
    found = _FIELD.match(path)
    return found[0] if found else ""


def is_within(path: str, whole: str) -> bool:
    """Whether a path is that of a value or of a part of it."""
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))


def text_hash(title: str, abstract: str) -> str:
    """16 hexadecimal digits that tell a title and abstract from any other."""
    return hashlib.sha256(f"{title}\n{abstract}".encode()).hexdigest()[:16]
