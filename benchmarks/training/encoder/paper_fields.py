"""Records of the ``paper`` schema as examples of the encoder's four fields for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.training.encoder.examples import Example, Json, Places, places
from benchmarks.training.gold import UNLABELLED, is_annotated, quantity_labels
from extractor.candidates.document import Document
from extractor.candidates.encoded import PAPER_FIELDS
from extractor.candidates.spans import find_quantities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.training.gold import Gold


def paper_examples(gold: Gold) -> Iterator[Example]:
    """Every annotated paper; a field that was not annotated is not asked for."""
    for paper, record in zip(gold.papers, gold.records, strict=True):
        document = Document(paper["title"], paper["abstract"])
        required, optional = _phrases(record)
        fields = places(document.text, required)
        others = places(document.text, optional)
        if is_annotated(record, "claimed_speedups"):
            fields[PAPER_FIELDS["claimed_speedups"]], others[PAPER_FIELDS["claimed_speedups"]] = (
                _claims(document, record)
            )
        yield Example(paper["title"], paper["abstract"], "paper", fields, others, str(paper["id"]))


def _phrases(record: Json) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    required: dict[str, list[str]] = {}
    optional: dict[str, list[str]] = {}
    if is_annotated(record, "method_name"):
        name = PAPER_FIELDS["method_name"]
        right, other = required, optional
        if record["method_optional"]:
            right, other = optional, required
        right[name], other[name] = list(record["method_name"]), []
    for field in ("benchmarks", "hardware"):
        if is_annotated(record, field):
            name = PAPER_FIELDS[field]
            required[name] = [form for item in record[field] for form in item]
            optional[name] = [form for item in record[f"{field}_optional"] for form in item]
    return required, optional


def _claims(document: Document, record: Json) -> tuple[Places, Places]:
    found = find_quantities(document)
    right: Places = []
    optional: Places = []
    for (offset, mention), label in zip(
        found, quantity_labels(document, found, record), strict=True
    ):
        place = (offset + mention.start, offset + mention.end)
        if label == UNLABELLED:
            optional.append(place)
        elif label:
            right.append(place)
    return right, optional
