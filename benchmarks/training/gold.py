"""Annotated papers, and what each candidate of theirs is labelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.training.encoder.examples import lines
from extractor.candidates.document import Document
from extractor.candidates.encoded import Encoded
from extractor.candidates.forms import NAME_FIELDS
from extractor.encoder import ScoredSpan
from extractor.evaluation.scorers import PAPER_SCORERS
from extractor.names import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from extractor.grounding import NumberMention

Json = dict[str, Any]
UNLABELLED = -1
SCORERS = {scorer.field: scorer for scorer in PAPER_SCORERS}
_EMPTY_RECORD: Json = {
    "method_name": [],
    "method_optional": False,
    "other_names": [],
    "speedups": [],
    "speedups_optional": [],
    "benchmarks": [],
    "benchmarks_optional": [],
    "hardware": [],
    "hardware_optional": [],
    "code_url": None,
}


@dataclass(frozen=True, slots=True)
class Gold:
    """Annotated papers with their records; ``parts`` are the numbers of each file's papers.

    ``scores`` are what an encoder that was not trained on a paper says of it, by the paper's id.
    """

    papers: list[Json]
    records: list[Json]
    parts: list[range]
    scores: Mapping[str, list[ScoredSpan]] = field(default_factory=dict)

    @classmethod
    def read(cls, pairs: Iterable[tuple[Path, Path]], scores: Iterable[Path] = ()) -> Gold:
        """Read pairs of a papers file and a gold file, and files of scores, matched by id."""
        papers: list[Json] = []
        records: list[Json] = []
        parts: list[range] = []
        for paper_path, gold_path in pairs:
            by_id = {record["id"]: _EMPTY_RECORD | record for record in lines(gold_path)}
            known = [paper for paper in lines(paper_path) if paper["id"] in by_id]
            parts.append(range(len(papers), len(papers) + len(known)))
            papers += known
            records += (by_id[paper["id"]] for paper in known)
        spans = {
            row["id"]: [ScoredSpan(start, end, tuple(rest)) for start, end, *rest in row["spans"]]
            for path in scores
            for row in lines(path)
        }
        return cls(papers, records, parts, spans)

    def encoded(self, paper: int) -> Encoded | None:
        """What the encoder says of a paper; None where nothing is known."""
        document = Document(self.papers[paper]["title"], self.papers[paper]["abstract"])
        spans = self.scores.get(self.papers[paper]["id"])
        return None if spans is None else Encoded(spans, len(document.text))

    def documents(self) -> list[Document]:
        return [Document(paper["title"], paper["abstract"]) for paper in self.papers]

    def unlabelled(self, paths: Iterable[Path], excluded: Iterable[Path]) -> list[Json]:
        """The papers that nothing is known of, and that nothing is measured on."""
        titles = {paper["title"].lower() for paper in self.papers}
        texts = "\n".join(path.read_text(encoding="utf-8").lower() for path in excluded)
        return [
            paper
            for path in paths
            for paper in lines(path)
            if paper["title"].lower() not in titles and paper["title"].lower() not in texts
        ]


def is_annotated(record: Json, field: str) -> bool:
    """Whether an empty field of the record says that there is nothing."""
    return "only" not in record or field in record["only"]


def name_labels(record: Json, key: str) -> tuple[int, ...]:
    """1, 0 or UNLABELLED for each of ``NAME_FIELDS``."""
    method = int(key in map(name_key, record["method_name"]))
    if (method and record["method_optional"]) or not is_annotated(record, "method_name"):
        method = UNLABELLED
    return (method, *(_list_label(record, field, key) for field in NAME_FIELDS[1:]))


def _list_label(record: Json, field: str, key: str) -> int:
    if not is_annotated(record, field):
        return UNLABELLED
    if any(name_key(form) == key for item in record[field] for form in item):
        return 1
    optional = any(name_key(form) == key for item in record[f"{field}_optional"] for form in item)
    return UNLABELLED if optional else 0


def quantity_labels(
    document: Document, found: Sequence[tuple[int, NumberMention]], record: Json
) -> list[int]:
    """Which quantities are gold claims: those of the value, in the quote where it stands."""
    key = SCORERS["claimed_speedups"].key
    keys = [key(number(mention)) for _, mention in found]
    starts = [offset + mention.start for offset, mention in found]
    labels = [0] * len(found)
    for claims, label in (("speedups", 1), ("speedups_optional", UNLABELLED)):
        for claim in record[claims]:
            fits = [at for at, each in enumerate(keys) if not labels[at] and each == key(claim)]
            place = document.text.find(claim["quote"]) if claim.get("quote") else -1
            quoted = [at for at in fits if 0 <= place <= starts[at] < place + len(claim["quote"])]
            if fits:
                labels[quoted[-1] if quoted else fits[0]] = label
    return labels


def url_label(url: str, record: Json) -> int:
    """Whether a URL is that of the paper's code."""
    key = SCORERS["code_url"].key
    return int(record["code_url"] is not None and key(url) == key(record["code_url"]))


def number(mention: NumberMention) -> Json:
    """A quantity as a claim gives it."""
    return {"value": mention.value, "value_max": mention.value_max, "unit": mention.unit}
