"""Training end to end on invented papers: the files it writes load, decide, and repeat."""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import read_jsonl, write_jsonl

from benchmarks.training.encoder.examples import paper_key
from extractor.candidates.blend import ANSWERS
from extractor.candidates.classifier import Classifier
from extractor.candidates.questions import shared_prefix
from extractor.names import name_key

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
ENCODER = ROOT / "benchmarks" / "training" / "encoder"
ANNOTATIONS = ROOT / "benchmarks" / "training" / "annotations.jsonl.gz"
METHODS = ["SnipeNet", "RookFormer", "HeronFlow", "DunlinMix", "PloverGAN", "TernTree", "GullSim"]
SETS = ["WaderSet", "NestBank", "TideBench", "ShoreQA", "ReedText", "MarshEval"]
DEVICES = ["Knotchip K1", "Ruffboard R2", "Stintphone S3"]


def lines(path: Path) -> list[dict[str, Any]]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    return [json.loads(line) for line in text.split("\n") if line]


def invented(number: int, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A paper of a few sentence forms, and its record."""
    method, device = chance.choice(METHODS), chance.choice(DEVICES)
    one, other = chance.sample(SETS, 2)
    factor, gain = chance.randint(2, 9), chance.randint(1, 30)
    is_fast, has_code = chance.random() < 0.7, chance.random() < 0.7
    sentences = [
        f"We present {method}, a network for nests.",
        f"We evaluate it on {one} and {other} datasets.",
        f"The accuracy rises by {gain}%.",
        "More is at https://example.org/demo for a demo.",
    ]
    url = f"https://github.com/acme/{method.lower()}"
    if is_fast:
        sentences.append(f"Inference is {factor}x faster than before on the {device} board.")
    if has_code:
        sentences.append(f"The code is available at {url}.")
    claim = {"value": factor, "value_max": None, "unit": "x", "quote": f"{factor}x faster"}
    paper = {"id": f"p{number}", "title": f"{method}: Nests", "abstract": " ".join(sentences)}
    record = {
        "id": f"p{number}",
        "method_name": [method],
        "method_optional": False,
        "other_names": [],
        "speedups": [claim] if is_fast else [],
        "speedups_optional": [],
        "benchmarks": [[one], [other]],
        "benchmarks_optional": [],
        "hardware": [[device]] if is_fast else [],
        "hardware_optional": [],
        "code_url": url if has_code else None,
    }
    return paper, record


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty papers with records, twenty with a record that has holes, twenty without one."""
    folder = tmp_path_factory.mktemp("data")
    chance = random.Random(1)
    papers, records = zip(*(invented(number, chance) for number in range(100)), strict=True)
    write_jsonl(folder / "papers.jsonl", papers[:60])
    write_jsonl(folder / "gold.jsonl", records[:60])
    unlabelled = [{**paper, "title": f"{paper['title']} {paper['id']}"} for paper in papers[60:]]
    write_jsonl(folder / "some.jsonl", unlabelled[:30])
    write_jsonl(folder / "more.jsonl", unlabelled[30:])
    some = [{"id": each["id"], "hardware": each["hardware"]} for each in records[60:80]]
    write_jsonl(folder / "annotations.jsonl", [{**each, "only": ["hardware"]} for each in some])
    keys = [(each["id"], name) for each in records[:60] for (name,) in each["benchmarks"]]
    answers = dict.fromkeys(ANSWERS, 0.02) | {"dataset": 0.92}
    told = [
        {"model": "qwen2.5-coder-1.5b", "id": paper, "key": name.lower(), "answers": answers}
        for paper, name in keys
    ]
    unknown = {"model": "qwen2.5-coder-1.5b", "id": "p0", "key": "nobody", "answers": answers}
    write_jsonl(folder / "answers.jsonl", [*told, unknown])
    write_jsonl(folder / "scores.jsonl", [scores(paper) for paper in papers[:80]])
    return folder


def scores(paper: dict[str, Any]) -> dict[str, Any]:
    """What an encoder says that knows the method's name, and little else."""
    text = f"{paper['title']}\n{paper['abstract']}"
    name = paper["title"].partition(":")[0]
    places = [found.span() for found in re.finditer(re.escape(name), text)]
    return {"id": paper["id"], "spans": [[*place, 0.9, 0.05, 0.0, 0.0] for place in places]}


def trained(data: Path, out: Path) -> str:
    out.mkdir()
    command = [
        sys.executable, "-m", "benchmarks.training",
        "--gold", data / "papers.jsonl", data / "gold.jsonl",
        "--annotated", data / "some.jsonl", data / "more.jsonl",
        "--annotations", data / "annotations.jsonl",
        "--answers", data / "answers.jsonl", "--scores", data / "scores.jsonl",
        "--out", out, "--questions", out / "questions.jsonl",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "out"
    (out.parent / "printed.txt").write_text(trained(data, out), encoding="utf-8")
    return out


def test_every_field_has_its_threshold_and_figure_printed(out: Path) -> None:
    head, *rows = (out.parent / "printed.txt").read_text(encoding="utf-8").splitlines()

    fields = ["method_name", "claimed_speedups", "benchmarks", "hardware", "code_url"]
    assert head.endswith("papers.jsonl, some.jsonl, more.jsonl")
    assert [row.split()[0] for row in rows] == fields
    assert all(float(row.split()[2]) > 0.9 for row in rows)  # the papers are easy


def test_what_was_written_decides(out: Path) -> None:
    classifier = Classifier.load(out)
    scored = classifier.score(
        "AvocetNet: Nests",
        "We present AvocetNet, a network for nests. We evaluate it on WaderSet and TideBench "
        "datasets. The accuracy rises by 4%. Inference is 3x faster than before on the Knotchip K1 "
        "board. The code is available at https://github.com/acme/avocet. More is at "
        "https://example.org/demo for a demo.",
    )
    decision = classifier.decide(scored)

    assert decision.method_name is not None
    assert decision.method_name.candidate.text == "AvocetNet"
    assert {name.candidate.text for name in decision.benchmarks} == {"WaderSet", "TideBench"}
    assert [name.candidate.text for name in decision.hardware] == ["Knotchip K1"]
    assert [claim.mention.value for claim in decision.claimed_speedups] == [3]
    assert decision.code_url is not None
    assert decision.code_url.candidate.text == "https://github.com/acme/avocet"


def test_the_lexicon_knows_names_of_two_unlabelled_papers(out: Path) -> None:
    lexicon = Classifier.load(out).lexicon
    entry = lexicon.get("waderset")

    assert entry is not None
    assert entry.levels[1] > max(entry.levels[0], entry.levels[2])
    assert lexicon.get("avocetnet") is None


def test_questions_are_about_open_names_of_the_annotated_papers(data: Path, out: Path) -> None:
    questions = read_jsonl(out / "questions.jsonl")
    papers = {
        row["id"]
        for name in ("papers", "annotations")
        for row in read_jsonl(data / f"{name}.jsonl")
    }

    for question in questions:
        assert question["id"] in papers
        assert question["prompt"].startswith(shared_prefix())


def test_the_blend_asks_within_its_bounds(out: Path) -> None:
    blend = Classifier.load(out).blend_for("qwen2.5-coder-1.5b")

    assert 0 < blend.open_between[0] < blend.open_between[1] < 1
    assert set(blend.fields) <= {"method_name", "benchmarks"}


def test_what_an_encoder_says_is_weighed_where_it_knows_every_paper(data: Path, out: Path) -> None:
    stack = Classifier.load(out).stack

    assert stack is not None
    named = [0.0, 0.0, 0.0, 3.0, -3.0, -5.0, 3.0, -3.0, -5.0]
    silent = [0.0, 0.0, 0.0] + [-5.0] * 6
    first, *weights = stack.fields["method_name"]
    odds = [
        first + sum(weight * fact for weight, fact in zip(weights, facts, strict=True))
        for facts in (named, silent)
    ]
    assert odds[0] > odds[1]


def test_the_same_data_give_the_same_bytes(data: Path, out: Path) -> None:
    again = out.parent / "again"
    trained(data, again)

    for name in ("classifier.json.gz", "lexicon.json.gz", "questions.jsonl"):
        assert (again / name).read_bytes() == (out / name).read_bytes()


SHARED = ROOT.parent / "shared"


@pytest.mark.skipif(not (SHARED / "gold/heldback").is_dir(), reason="the papers are not at hand")
def test_no_annotated_paper_is_measured_on() -> None:
    folder = SHARED / "gold"
    measured = {
        name_key(paper["title"])
        for path in (*folder.glob("*dev.papers.jsonl"), *folder.glob("heldback/*.papers.jsonl"))
        for paper in lines(path)
    }
    annotated = {record["id"] for record in lines(ANNOTATIONS)}
    titles = {
        paper["id"]: name_key(paper["title"])
        for path in (SHARED / "dumps").glob("*.jsonl.gz")
        for paper in lines(path)
        if paper["id"] in annotated
    }

    assert annotated == titles.keys()
    assert measured
    assert measured.isdisjoint(titles.values())


@pytest.mark.skipif(not (SHARED / "gold/heldback").is_dir(), reason="the papers are not at hand")
def test_no_paper_of_the_encoder_is_measured_on() -> None:
    folders = (SHARED / "gold", SHARED / "gold/heldback", SHARED / "anyschema")
    papers = [
        paper
        for folder in folders
        for path in folder.glob("*.papers.jsonl")
        if path.name != "train.papers.jsonl"
        for paper in lines(path)
    ]
    measured = {paper_key(paper["title"], paper["abstract"]) for paper in papers}
    titles = {name_key(paper["title"]) for paper in papers if paper["title"]}
    annotated = {row["key"] for row in lines(ENCODER / "fields.jsonl.gz")}
    known = {
        name_key(paper["title"])
        for path in (SHARED / "dumps").glob("*.jsonl.gz")
        for paper in lines(path)
        if paper_key(paper["title"], paper["abstract"]) in annotated
    }
    invented = {name_key(row["title"]) for row in lines(ENCODER / "invented.jsonl.gz")}

    assert len(known) > 1_000
    assert measured.isdisjoint(annotated)
    assert titles.isdisjoint(known | invented)
