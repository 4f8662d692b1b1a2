"""How the encoder's training inputs are made; the network itself where PyTorch is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from tokenizers import Tokenizer

import extractor.encoder
from benchmarks.training.encoder import examples
from benchmarks.training.encoder.examples import Example
from benchmarks.training.encoder.sampling import Row, Sampler, batches
from extractor.encoder import Encoder
from extractor.encoder.text import Vocabulary

ROOT = Path(__file__).parent.parent
FOLDER = Path(extractor.encoder.__file__).parent
VOCABULARY = Vocabulary(Tokenizer.from_file(str(FOLDER / "tokenizer.json")))
TITLE = "Grey herons"
ABSTRACT = (
    "Grey herons and herons breed at Lake Orr. The lake\nOrr is quiet: herons (Ardea) like it."
)
TEXT = f"{TITLE}\n{ABSTRACT}"


def said(places: list[tuple[int, int]]) -> list[str]:
    return [TEXT[start:end] for start, end in sorted(places)]


def test_a_phrase_is_marked_wherever_it_stands_but_within_a_longer_one() -> None:
    fields = {"birds": ["Grey herons", "herons"], "places": ["Lake Orr", "lake Orr"], "fish": []}
    found = examples.places(TEXT, fields)

    assert said(found["birds"]) == ["Grey herons", "Grey herons", "herons", "herons"]
    assert said(found["places"]) == ["Lake Orr", "lake\nOrr"]
    assert found["fish"] == []


def test_a_part_of_a_word_is_no_phrase() -> None:
    assert examples.places("CD4 and CD40, xCD4", {"genes": ["CD4"]}) == {"genes": [(0, 3)]}


def test_papers_are_known_by_their_letters() -> None:
    key = examples.paper_key("Grey Herons", "They breed.")

    assert key == examples.paper_key("Grey  herons.", "They breed")
    assert key != examples.paper_key("Grey Herons", "They breathe.")


def test_rows_of_papers_that_are_not_at_hand_are_left_out() -> None:
    rows = [
        {"key": examples.paper_key(TITLE, ABSTRACT), "group": "birds", "fields": {"a": ["Orr"]}},
        {"key": "unknown", "group": "birds", "fields": {}},
        {"title": "T", "abstract": "An owl.", "fields": {"birds": ["owl"]}},
    ]
    texts = {examples.paper_key(TITLE, ABSTRACT): (TITLE, ABSTRACT)}
    one, other = examples.own_fields(rows, texts)

    assert (one.title, one.group) == (TITLE, "birds")
    assert other.fields == {"birds": [(5, 8)]}


def row(group: str = "birds", paper_id: str = "", **fields: list[str]) -> Row:
    marked = examples.places(TEXT, fields)
    return Row(Example(TITLE, ABSTRACT, group, marked, {}, paper_id), VOCABULARY)


def test_every_place_is_a_span_of_the_network() -> None:
    made = row(birds=["Grey herons", "Ardea"], places=["Lake Orr"])

    assert [len(made.gold[name]) for name in ("birds", "places")] == [3, 1]
    for name, spans in made.gold.items():
        assert sorted(map(made.text.characters, spans)) == sorted(made.example.fields[name])


def test_what_is_right_in_an_input_are_its_own_fields_phrases() -> None:
    birds = row(birds=["Grey herons", "Ardea"], places=["Lake Orr"], **{"lakes!": ["lake Orr"]})
    sampler = Sampler([birds, row("fish", **{"rare fish": []})], Random(1))
    seen = set[str]()
    for _ in range(200):
        given, right, optional = sampler.draw(birds)
        assert optional == []
        for span, field in right:
            start, end = birds.text.characters(given.spans[span])
            name = {"Grey herons": "birds", "Ardea": "birds", "Lake Orr": "places"}.get(
                TEXT[start:end], "lakes"
            )
            mark = given.marks[field]
            tokens = VOCABULARY.field(name)
            assert given.tokens[mark : mark + len(tokens)] == tokens
            seen.add(name)
    assert seen == {"birds", "places", "lakes"}


def test_batches_hold_every_row_once() -> None:
    sampler = Sampler([row(birds=["herons"]) for _ in range(50)], Random(1))
    plan = batches([(sampler, each) for each in sampler.rows], 8, Random(2))

    assert sorted(id(each) for batch in plan for _, each in batch) == sorted(map(id, sampler.rows))


@pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra train-encoder")
@pytest.mark.slow
def test_a_trained_network_judges_as_its_file_does(tmp_path: Path) -> None:
    """On a network of random weights: the base is made here, since none is at hand."""
    from transformers import BertConfig, BertModel

    base = tmp_path / "base"
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertModel(BertConfig(intermediate_size=64, **sizes)).save_pretrained(base)
    (base / "tokenizer.json").write_bytes((FOLDER / "tokenizer.json").read_bytes())
    rows = [
        Example(TITLE, ABSTRACT, "birds", examples.places(TEXT, {"birds": ["herons"]}), {}),
        Example(TITLE + "!", ABSTRACT, "paper", {"benchmarks": []}, {}, "p1"),
    ]
    examples.save(rows * 3, tmp_path / "examples.jsonl")
    command = [
        sys.executable, "-m", "benchmarks.training.encoder", "--examples",
        tmp_path / "examples.jsonl", "--base", base, "--out", tmp_path, "--epochs", "2",
    ]  # fmt: skip
    for more in ([], ["--fold", "0"]):
        subprocess.run([*command, *more], cwd=ROOT, check=True, capture_output=True)

    spans = Encoder.load(tmp_path).score(TITLE, ABSTRACT, ["birds"])
    assert {TEXT[span.start : span.end] for span in spans} >= {"herons", "Lake Orr"}
    (paper,) = map(json.loads, (tmp_path / "paper_scores0.jsonl").read_text().splitlines())
    assert paper["id"] == "p1"
