"""Annotated papers as examples: for each field the places of its phrases in the text."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Json = dict[str, Any]
Places = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Example:
    """One paper. Places count characters of the title, a line break and the abstract.

    ``optional`` places count neither as right nor as wrong. ``group`` tells papers of one kind:
    fields of another kind are asked for as well, and have nothing there. ``paper_id`` is set for
    records of the ``paper`` schema.
    """

    title: str
    abstract: str
    group: str
    fields: Mapping[str, Places]
    optional: Mapping[str, Places]
    paper_id: str = ""

    @property
    def text(self) -> str:
        return f"{self.title}\n{self.abstract}"


def save(examples: Iterable[Example], path: Path) -> None:
    """Write examples as JSON Lines."""
    rows = (json.dumps(asdict(each), ensure_ascii=False) for each in examples)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def load(path: Path) -> list[Example]:
    """Read what :func:`save` wrote."""
    return [Example(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def paper_key(title: str, abstract: str) -> str:
    """What a paper is known by in the annotations: a digest of its letters and digits."""
    letters = "".join(filter(str.isalnum, f"{title}{abstract}".casefold()))
    return hashlib.sha256(letters.encode()).hexdigest()[:20]


def own_fields(rows: Iterable[Json], texts: Mapping[str, tuple[str, str]]) -> Iterator[Example]:
    """Examples of fields of many kinds; ``rows`` hold phrases, and a key or the text itself."""
    for row in rows:
        if "abstract" in row:
            title, abstract, group = row["title"], row["abstract"], "invented"
        elif row["key"] in texts:
            (title, abstract), group = texts[row["key"]], row["group"]
        else:
            continue
        yield Example(title, abstract, group, places(f"{title}\n{abstract}", row["fields"]), {})


def places(text: str, fields: Mapping[str, Iterable[str]]) -> dict[str, Places]:
    """Where the phrases of each field stand, but for places within a longer phrase."""
    found = {
        (start, end, name)
        for name, phrases in fields.items()
        for phrase in phrases
        for start, end in occurrences(text, phrase)
    }
    result: dict[str, Places] = {name: [] for name in fields}
    for start, end, name in sorted(found):
        if not any(s <= start and end <= e and e - s > end - start for s, e, _ in found):
            result[name].append((start, end))
    return result


def occurrences(text: str, phrase: str) -> Iterator[tuple[int, int]]:
    """Where ``phrase`` stands as whole words, however its words are spaced."""
    words = r"\s+".join(map(re.escape, phrase.split()))
    if not words:
        return
    before = r"(?<![^\W_])" if phrase.strip()[0].isalnum() else ""
    behind = r"(?![^\W_])" if phrase.strip()[-1].isalnum() else ""
    for found in re.finditer(before + words + behind, text):
        yield found.span()


def lines(path: Path) -> list[Json]:
    """The objects of a JSON Lines file, which may be compressed."""
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    return [json.loads(line) for line in text.split("\n") if line.strip()]
