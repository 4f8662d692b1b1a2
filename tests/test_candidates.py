"""What the trained head and its rules make of an abstract, with and without a model's word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.approaches.candidates import _values, likelihoods
from extractor.candidates.blend import ANSWERS
from extractor.candidates.classifier import Classifier
from extractor.candidates.questions import answered, questions, shared_prefix
from extractor.llm.weights.catalog import DEFAULT_MODEL
from extractor.readers import read_dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractor.paper import Paper


@pytest.fixture(scope="module")
def head() -> Classifier:
    return Classifier.load()


def decided(head: Classifier, title: str, abstract: str) -> dict[str, Any]:
    scored = head.score(title, abstract)
    return _values(scored, head.decide(scored))


def test_a_plain_abstract_needs_no_model(head: Classifier) -> None:
    found = decided(
        head,
        "QuarkNet: Sparse Attention for Small Devices",
        "We present QuarkNet, a sparse attention network. On ImageNet and COCO it is as accurate "
        "as DeiT, and inference is up to 2.5x faster than DeiT on an NVIDIA Jetson Nano. The code "
        "is available at https://github.com/example/quarknet.",
    )
    assert found["method_name"] == "QuarkNet"
    assert found["benchmarks"] == ["ImageNet", "COCO"]
    assert found["code_url"] == "https://github.com/example/quarknet"
    claim = found["claimed_speedups"][0]
    assert (claim["value"], claim["unit"], claim["up_to"]) == (2.5, "x", True)
    assert (claim["kind"], claim["baseline"]) == ("inference", "DeiT")
    assert any("Jetson Nano" in name for name in found["hardware"])


def test_accuracy_and_parameters_are_no_speedups(head: Classifier) -> None:
    found = decided(
        head,
        "Better Classifiers",
        "Accuracy rises by 4.2% over the baseline with 3x fewer parameters and 50% fewer FLOPs.",
    )
    assert found["claimed_speedups"] == []


def test_a_measure_is_no_name(head: Classifier) -> None:
    found = decided(
        head, "Memory", "We evaluate a 40nm 256Kb macro on the 256Kb and MNIST datasets."
    )
    assert "256Kb" not in found["benchmarks"]


@pytest.fixture(scope="module")
def open_paper(head: Classifier) -> Paper:
    """A paper of the example with a data set that the head is in doubt about."""
    blend = head.blend_for(DEFAULT_MODEL)
    papers = read_dump(Path(__file__).parent.parent / "examples" / "papers.txt")
    return next(
        paper
        for paper in papers
        for name in head.score(paper.title, paper.abstract).names
        if blend.leaves_open("benchmarks", name.probability["benchmarks"])
    )


def test_questions_share_their_beginning_and_are_few(head: Classifier, open_paper: Paper) -> None:
    scored = head.score(open_paper.title, open_paper.abstract)
    blend = head.blend_for("any other model")
    asked = questions(scored, blend)
    assert 0 < len(asked) <= blend.most_questions
    assert all(question.prompt.startswith(shared_prefix()) for question in asked)


def test_the_models_word_counts_where_the_head_is_in_doubt(
    head: Classifier, open_paper: Paper
) -> None:
    def says(word: str) -> Any:
        def answer(_: str, answers: Sequence[str]) -> Mapping[str, float]:
            return {each: 0.99 if each == word else 0.0025 for each in answers}

        scored = head.score(open_paper.title, open_paper.abstract)
        settled, blend = scored, head.blend_for(DEFAULT_MODEL)
        for question in questions(scored, blend):
            settled = answered(settled, question, answer(question.prompt, ANSWERS), blend)
        return _values(settled, head.decide(settled))["benchmarks"]

    assert len(says("dataset")) > len(says("topic"))


@given(st.text(max_size=400), st.text(max_size=80))
def test_any_text_is_decided_without_an_error(abstract: str, title: str) -> None:
    head = Classifier.load()
    scored = head.score(title, abstract)
    _values(scored, head.decide(scored))


def test_likelihoods_are_read_from_either_shape_of_answer() -> None:
    chat = {"content": [{"top_logprobs": [{"token": " dataset", "logprob": -0.1}]}]}
    older = {"top_logprobs": [{" data": -0.1, "dev": -3.0, " x": -4.0}]}
    for shape in (chat, older):
        found = likelihoods(shape)
        assert found["dataset"] == pytest.approx(0.9048, abs=1e-3)
        assert found["ours"] == 0.0
    assert set(likelihoods(None).values()) == {0.0}
