"""The whole way of the candidates approach, with the shipped classifier, on invented papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.approaches import choose_approach
from extractor.approaches.candidates import _values, likelihoods
from extractor.candidates.blend import ANSWERS
from extractor.candidates.classifier import Classifier
from extractor.llm.providers.none import NoModel
from extractor.paper import Paper
from extractor.schemas.paper import PaperFields
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def decided() -> Callable[[str, str], dict[str, Any]]:
    classifier = Classifier.load()

    def decide(title: str, abstract: str) -> dict[str, Any]:
        scored = classifier.score(title, abstract)
        return _values(scored, classifier.decide(scored))

    return decide


def test_a_plain_abstract_needs_no_model(decided: Callable[[str, str], dict[str, Any]]) -> None:
    found = decided(
        "QuarkNet: Sparse Attention for Small Devices",
        "We present QuarkNet, a sparse attention network. On ImageNet and COCO it is as accurate "
        "as DeiT, and inference is up to 2.5x faster than DeiT on an NVIDIA Jetson Nano. The code "
        "is available at https://github.com/example/quarknet.",
    )

    assert found["method_name"] == "QuarkNet"
    assert found["benchmarks"] == ["ImageNet", "COCO"]
    assert found["code_url"] == "https://github.com/example/quarknet"
    (claim,) = found["claimed_speedups"]
    assert (claim["value"], claim["unit"], claim["up_to"]) == (2.5, "x", True)
    assert (claim["kind"], claim["baseline"]) == ("inference", "DeiT")
    assert claim["quote"] == "2.5x faster"
    assert any("Jetson Nano" in name for name in found["hardware"])


def test_every_value_has_a_confidence() -> None:
    task = load_task("paper")
    steps = choose_approach(None, task, NoModel.endpoint)(task, NoModel.endpoint).requests(
        Paper(
            "1",
            "QuarkNet: Sparse Attention for Small Devices",
            "We present QuarkNet. On ImageNet and COCO it is as accurate as DeiT, and inference is "
            "up to 2.5x faster on an NVIDIA Jetson Nano. The code is available at "
            "https://github.com/example/quarknet.",
        )
    )
    with pytest.raises(StopIteration) as done:
        next(steps)
    confidence = {each.path: each.confidence for each in done.value.value.evidence}

    assert {path for path, chance in confidence.items() if chance is not None} == {
        "method_name",
        "claimed_speedups[0].value",
        "benchmarks[0]",
        "benchmarks[1]",
        "hardware[0]",
        "code_url",
    }
    assert 0.9 < (confidence["method_name"] or 0) <= 1


def test_of_more_claims_than_the_schema_holds_the_likeliest_stay(
    decided: Callable[[str, str], dict[str, Any]],
) -> None:
    claims = " ".join(f"It is {n}x faster than Base{n} on a GPU." for n in range(2, 22))
    found = decided("QuarkNet: Fast", f"We present QuarkNet. {claims}")

    assert len(found["claimed_speedups"]) == 12
    PaperFields.model_validate(found)


def test_accuracy_and_parameters_are_no_speedups(
    decided: Callable[[str, str], dict[str, Any]],
) -> None:
    found = decided(
        "Better Classifiers",
        "Accuracy rises by 4.2% over the baseline with 3x fewer parameters and 50% fewer FLOPs.",
    )

    assert found["claimed_speedups"] == []


def test_a_measure_is_not_a_name(decided: Callable[[str, str], dict[str, Any]]) -> None:
    found = decided("Memory", "We evaluate a 40nm 256Kb macro on the 256Kb and MNIST datasets.")

    assert "256Kb" not in found["benchmarks"]


def test_a_paper_that_names_nothing_gives_nothing(
    decided: Callable[[str, str], dict[str, Any]],
) -> None:
    assert decided("On nests", "we look at nests in general and say what we see.") == {
        "method_name": None,
        "claimed_speedups": [],
        "benchmarks": [],
        "hardware": [],
        "code_url": None,
    }


def test_lists_are_in_the_order_of_the_text(decided: Callable[[str, str], dict[str, Any]]) -> None:
    names = ["CIFAR-10", "ImageNet", "COCO"]
    for order in (names, names[::-1]):
        found = decided("A Study", f"We evaluate on the datasets {', '.join(order)}.")
        assert [name for name in found["benchmarks"] if name in names] == order


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=400), st.text(max_size=80))
def test_any_text_is_decided_without_an_error(
    decided: Callable[[str, str], dict[str, Any]], abstract: str, title: str
) -> None:
    found = decided(title, abstract)

    text = f"{title}\n{abstract}"
    words = [found["method_name"], found["code_url"], *found["benchmarks"], *found["hardware"]]
    assert all(each in text for each in words if each is not None)


def test_likelihoods_are_read_from_either_shape_of_answer() -> None:
    chat = {"content": [{"top_logprobs": [{"token": " dataset", "logprob": -0.1}]}]}
    older = {"top_logprobs": [{" data": -0.1, "dev": -3.0, " x": -4.0}]}
    for shape in (chat, older):
        found = likelihoods(shape)
        assert found["dataset"] == pytest.approx(0.9048, abs=1e-3)
        assert found["ours"] == 0.0
    assert likelihoods(None) == dict.fromkeys(ANSWERS, 0.0)
