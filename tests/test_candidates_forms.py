"""Which form of a name is given, and which names of a list are two things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from extractor.candidates.classifier import Classifier
from extractor.candidates.forms import NAME_FIELDS, ScoredName, same_thing, short_form
from extractor.candidates.spans import NameCandidate

if TYPE_CHECKING:
    from collections.abc import Callable

Names = dict[str, list[str]]


@pytest.fixture(scope="module")
def decided() -> Callable[[str, str], Names]:
    classifier = Classifier.load()

    def decide(title: str, abstract: str) -> Names:
        decision = classifier.decide(classifier.score(title, abstract))
        method = [decision.method_name] if decision.method_name else []
        chosen = (method, decision.benchmarks, decision.hardware)
        return {
            field: sorted(name.candidate.text for name in names)
            for field, names in zip(NAME_FIELDS, chosen, strict=True)
        }

    return decide


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("We propose Progressive Routing Networks (PRN), a family of sparse models.", "PRN"),
        ("We propose Adaptive Quantile Boosting, or AQB for short, for tabular data.", "AQB"),
        ("We introduce FastMatch (Fast Approximate Structural Tree Matching).", "FastMatch"),
        ("We propose the Latent Graph Aligner (LGA-Net) and test it.", "LGA-Net"),
        ("We present TILER (short for Tiled Inference for Long Restoration).", "TILER"),
        (
            "We propose the Latent Graph Aligner (see Section 3) and test it.",
            "Latent Graph Aligner",
        ),
        ("We propose the Latent Graph Aligner (LGA baseline) and test it.", "Latent Graph Aligner"),
    ],
)
def test_the_short_form_of_a_name_is_given_where_the_text_has_one(
    decided: Callable[[str, str], Names], said: str, short: str
) -> None:
    assert decided("Learning from tables", said)["method_name"] == [short]


def test_a_name_in_its_short_form_stays_as_likely_as_it_was() -> None:
    text = "We propose Open Rook (ORK)."
    name = _scored("Open Rook", text, 0.9)
    short = short_form(name, [name, _scored("ORK", text, 0.3)], text)
    assert (short.candidate.text, short.probability["method_name"]) == ("ORK", 0.9)


@pytest.mark.parametrize(
    ("said", "benchmarks", "hardware"),
    [
        (
            "We evaluate Lumo on the Cityscapes and Foggy Cityscapes datasets.",
            ["Cityscapes", "Foggy Cityscapes"],
            [],
        ),
        (
            "We evaluate Lumo on the Cityscapes, Foggy Cityscapes and BDD100K datasets.",
            ["BDD100K", "Cityscapes", "Foggy Cityscapes"],
            [],
        ),
        (
            "We evaluate Lumo on Office-31/Office-Home and the PASCAL VOC 2007 and PASCAL VOC 2012 "
            "benchmarks.",
            ["Office-31", "Office-Home", "PASCAL VOC 2007", "PASCAL VOC 2012"],
            [],
        ),
        (
            "Lumo runs on an NVIDIA Jetson Orin and an NVIDIA Jetson Orin Nano, and on the NVIDIA "
            "Jetson TX2/Xavier NX.",
            [],
            ["NVIDIA Jetson Orin", "NVIDIA Jetson Orin Nano", "NVIDIA Jetson TX2", "Xavier NX"],
        ),
    ],
)
def test_names_that_share_words_are_all_given(
    decided: Callable[[str, str], Names], said: str, benchmarks: list[str], hardware: list[str]
) -> None:
    found = decided("Lumo", f"We present Lumo, a network for segmentation. {said}")
    assert (found["benchmarks"], found["hardware"]) == (benchmarks, hardware)


def test_two_names_are_one_thing_when_linked_overlapping_or_within_each_other() -> None:
    rook = _name("Rook", 0)

    assert same_thing(rook, _name("Castle", 50, frozenset({"rook"})), "")
    assert same_thing(_name("Open Rook", 40), rook, "")
    assert same_thing(_name("Rook Nest", 0), _name("Nest Egg", 5), "")
    assert same_thing(rook, _name("Rook dataset", 60), "")
    assert not same_thing(rook, _name("Rookery", 60), "")
    assert not same_thing(rook, _name("Heron", 60), "")
    for text in ("Rook and Open Rook", "Rook, Open Rook", "Rook/Open Rook"):
        assert not same_thing(rook, _name("Open Rook", text.index("Open")), text)


def _name(text: str, start: int, aliases: frozenset[str] = frozenset()) -> NameCandidate:
    key = text.lower().replace(" ", "")
    return NameCandidate(key, text, ((start, start + len(text)),), aliases)


def _scored(name: str, text: str, chance: float) -> ScoredName:
    return ScoredName(_name(name, text.index(name)), {"method_name": chance})
