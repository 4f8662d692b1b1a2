"""Papers that are reviewed in tests, and a session over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers import write_jsonl

from extractor.decisions import DecisionLog, decisions_path
from extractor.review import Session
from extractor.schemas.paper import PaperFields

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import BaseModel

Json = dict[str, Any]

PAPERS = [
    {
        "id": "1",
        "title": "Brisk: quick sampling 🚀",
        "abstract": "We present Brisk, built on SlowNet. It samples 3.5x faster than SlowNet in "
        "training, and up to 20% faster in inference, on the Acme T9 board and the Acme T9-mini. "
        "We test on Larkspur-2K and Foxglove. Code: https://example.org/brisk.",
    },
    {
        "id": "2",
        "title": "Calm waters",
        "abstract": "Calm is a corpus of river sounds. It was recorded with a Heron microphone.",
    },
    {"id": "3", "title": "Nothing named", "abstract": "We study waves in general."},
]
CLAIM: Json = {
    "quote": "3.5x faster than SlowNet in training",
    "value": 3.5,
    "value_max": None,
    "unit": "x",
    "up_to": False,
    "kind": "runtime",
    "baseline": "SlowNet",
    "factor": 3.5,
}


def place(paper: int, path: str, words: str, confidence: float | None = None) -> Json:
    """Evidence: where the words stand in the abstract of a paper."""
    start = str(PAPERS[paper]["abstract"]).index(words)
    row = {"path": path, "source": "abstract", "start": start, "end": start + len(words)}
    return row if confidence is None else {**row, "confidence": confidence}


def record(
    paper: int, evidence: Iterable[Json], dropped: Iterable[Json] = (), **fields: Any
) -> Json:
    empty = {"method_name": None, "claimed_speedups": [], "benchmarks": [], "hardware": []}
    meta = {"model": "m1", "task": "paper@0123456789ab", "cached": False}
    tokens = {"prompt_tokens": 9, "completion_tokens": 8, "dropped": list(dropped)}
    named = {name: PAPERS[paper][name] for name in ("id", "title")}
    ends = {"evidence": list(evidence), "meta": {**meta, **tokens}}
    return {**named, **empty, "code_url": None, **fields, **ends}


RECORDS = [
    record(
        0,
        [
            place(0, "method_name", "SlowNet", 0.4),
            place(0, "claimed_speedups[0].quote", CLAIM["quote"]),
            place(0, "claimed_speedups[0].value", "3.5x", 0.6),
            place(0, "claimed_speedups[0].baseline", "SlowNet in"[:7], 0.7),
            place(0, "benchmarks[0]", "Larkspur-2K", 0.95),
            place(0, "hardware[0]", "Acme T9"),
        ],
        [{"path": "hardware[1]", "value": "Acme T10", "reason": "not in the text"}],
        method_name="SlowNet",
        claimed_speedups=[CLAIM],
        benchmarks=["Larkspur-2K"],
        hardware=["Acme T9"],
    ),
    record(1, [place(1, "method_name", "Calm", 0.9)], method_name="Calm"),
    record(2, []),
]


class Review:
    """Files of a review in a folder."""

    def __init__(self, folder: Path) -> None:
        self.records = write_jsonl(folder / "records.jsonl", RECORDS)
        self.dump = write_jsonl(folder / "papers.jsonl", PAPERS)
        self.path = decisions_path(self.records)

    def session(
        self,
        reviewer: str = "ana",
        *,
        sample: int | None = None,
        schema: type[BaseModel] = PaperFields,
    ) -> Session:
        return Session(self.records, self.dump, schema, reviewer=reviewer, sample=sample)

    def decided(self) -> list[tuple[str, str, Any]]:
        """What holds: the path, the verdict and the new value of each decision."""
        log = DecisionLog(self.path)
        return [(each.path, each.verdict, each.new) for each in log.decisions]
