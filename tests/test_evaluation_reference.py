"""The figures agree with the scorer that the gold came with, to the last digit.

It lies outside the repository: EXTRACTOR_REFERENCE_SCORER names it, else it is looked for
beside the checkout.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import read_jsonl, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.evaluation import evaluate, read_gold

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
SCORER = Path(
    os.environ.get("EXTRACTOR_REFERENCE_SCORER") or ROOT.parent / "shared" / "gold" / "score.py"
)
EXAMPLE_GOLD = ROOT / "examples" / "papers.gold.jsonl"

pytestmark = pytest.mark.skipif(not SCORER.is_file(), reason="the reference scorer is not here")

# Few names in many spellings, so that they meet; some with nothing that the keys keep.
NAMES = st.sampled_from(
    ["FooNet", "foo-net", "FOO NET", "Foo", "Bar 2", "bar2", "Bar", "Åse", "se", "悟空", "-", ""]
)
FORMS = st.lists(NAMES, max_size=3)
URLS = st.sampled_from(
    [
        "https://example.org/foo",
        "http://www.example.org/foo.git",
        "example.org/foo/).",
        " HTTPS://Example.org/Foo.git/ ",
        "https://example.org/bar",
        "x+y://example.org/foo",
        "https://",
        "",
    ]
)
NUMBERS = st.sampled_from([1, 1.0, 2, 2.5, 3, 1e9, 0.1 + 0.2, 0.3, "3"])
CLAIMS = st.fixed_dictionaries(
    {
        "value": NUMBERS,
        "value_max": st.none() | NUMBERS,
        "unit": st.sampled_from(["x", "%"]),
    }
)
GIVEN_CLAIMS = CLAIMS | CLAIMS.map(lambda claim: {k: claim[k] for k in ("value", "unit")})
GOLD = st.fixed_dictionaries(
    {
        "method_name": FORMS,
        "method_optional": st.sampled_from([False, False, False, True]),
        "other_names": FORMS,
        "speedups": st.lists(CLAIMS, max_size=3),
        "speedups_optional": st.lists(CLAIMS, max_size=2),
        "benchmarks": st.lists(FORMS, max_size=3),
        "benchmarks_optional": st.lists(FORMS, max_size=2),
        "hardware": st.lists(FORMS, max_size=3),
        "hardware_optional": st.lists(FORMS, max_size=2),
        "code_url": st.none() | URLS,
        "other_urls": st.lists(URLS, max_size=1),
    }
)
GIVEN_NAMES = st.none() | st.lists(NAMES | NAMES.map(lambda name: {"name": name}), max_size=4)
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "method_name": st.none() | NAMES,
        "claimed_speedups": st.none() | st.lists(GIVEN_CLAIMS, max_size=4),
        "benchmarks": GIVEN_NAMES,
        "hardware": GIVEN_NAMES,
        "code_url": st.none() | URLS,
    },
)
PAPERS = st.lists(st.tuples(GOLD, st.none() | RECORD), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_scorer", SCORER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_agree(
    reference: ModuleType, gold: list[dict[str, Any]], records: list[dict[str, Any]], path: Path
) -> None:
    write_jsonl(path, gold)
    ours = evaluate(read_gold(path), records, resamples=2)
    theirs, wrong = reference.evaluate(gold, {record["id"]: record for record in records})
    for name, field in ours.fields.items():
        assert theirs[name] == {
            "precision": field.precision.value,
            "recall": field.recall.value,
            "f1": field.f1.value,
            "gold": field.counts.right + field.counts.missing,
        }
    assert ours.macro_f1.value == theirs["macro"]
    assert ours.exact.value == theirs["exact"]
    assert len(ours.papers) == theirs["papers"]
    assert [(paper.id, counts_of_wrong(paper)) for paper in ours.papers if not paper.exact] == wrong


def counts_of_wrong(paper: Any) -> dict[str, tuple[int, int, int]]:
    return {
        field: (score.right, len(score.wrong), len(score.missing))
        for field, score in paper.scores.items()
        if not score.exact
    }


@settings(max_examples=300, deadline=None)
@given(papers=PAPERS)
def test_any_gold_and_any_records(
    reference: ModuleType, tmp_path_factory: pytest.TempPathFactory, papers: list[Any]
) -> None:
    gold = [{"id": str(n), **said} for n, (said, _) in enumerate(papers)]
    records = [{"id": str(n), **given} for n, (_, given) in enumerate(papers) if given is not None]
    path = tmp_path_factory.getbasetemp() / "generated.gold.jsonl"
    assert_agree(reference, gold, records, path)


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_real_gold_with_some_of_it_left_out(
    reference: ModuleType, tmp_path: Path, share: float
) -> None:
    files = [EXAMPLE_GOLD, *sorted(SCORER.parent.glob("*.gold.jsonl"))]
    for file in files:
        gold = read_jsonl(file)
        records = [drawn(line, share) for line in gold]
        assert_agree(reference, gold, records, tmp_path / "gold.jsonl")


def drawn(gold: dict[str, Any], share: float) -> dict[str, Any]:
    """A record that says about a ``share`` of what gold says, and what is next to it."""

    def some(values: list[Any]) -> list[Any]:
        return [value for place, value in enumerate(values) if hash_of(gold["id"], place) < share]

    names = some(gold["method_name"][:1]) or gold["other_names"][:1] or [None]
    return {
        "id": gold["id"],
        "method_name": names[0],
        "claimed_speedups": some([*gold["speedups"], *gold["speedups_optional"]]),
        "benchmarks": [forms[-1] for forms in some([*gold["benchmarks"], *gold["hardware"]])],
        "hardware": [forms[0] for forms in some([*gold["hardware"], *gold["hardware_optional"]])],
        "code_url": (some([gold["code_url"]]) or gold["other_urls"] or [None])[0],
    }


def hash_of(paper: str, place: int) -> float:
    return (sum(map(ord, paper)) * 31 + place * 17) % 100 / 100
