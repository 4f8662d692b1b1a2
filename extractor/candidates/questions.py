"""What is left for a language model: a short question about each name that is still open.

All questions share one prefix (rules and invented examples), which an engine reads once; each
then costs the one or two sentences where the name stands, and an answer of one word. Names of
one paper follow each other, so that their common sentences too are read once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extractor.candidates.forms import ScoredName, same_thing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.candidates.blend import Blend
    from extractor.candidates.classifier import Scored
    from extractor.candidates.document import Document

_RULES = (
    "Each name in a paper is one of: ours (the new thing that this paper introduces), dataset (a"
    " benchmark, corpus or dataset), baseline (an existing method or model), device (a chip or"
    " computer), topic (a task, concept, metric or part of another name).\n\n"
)
_EXAMPLES = (
    (
        "Fast Parsing with Lattice Pruning",
        "We compare LatPrune with BiAff on the Penn Treebank and find it 3 times as fast.",
        (("Penn Treebank", "dataset"), ("BiAff", "baseline"), ("LatPrune", "ours")),
    ),
    (
        "SlimGraph: Sparse Graph Learning on Phones",
        "We present SlimGraph, which runs on a Snapdragon 888 and improves Graph Classification"
        " (GC) on OGB.",
        (("GC", "topic"), ("SlimGraph", "ours"), ("Snapdragon 888", "device"), ("OGB", "dataset")),
    ),
    (
        "A Study of Prompt Length",
        "We study how Chain-of-Thought (CoT) prompts change the results of Llama-2 and release"
        " LongAsk, a benchmark of 900 questions.",
        (("Llama-2", "baseline"), ("LongAsk", "ours"), ("CoT", "topic")),
    ),
)
_LONGEST_SENTENCE = 420


@dataclass(frozen=True, slots=True)
class Question:
    """One question: what does the name ``key`` stand for in its paper? Answered by one of
    :data:`extractor.candidates.blend.ANSWERS`."""

    key: str
    prompt: str


def questions(scored: Scored, blend: Blend) -> list[Question]:
    """The questions worth asking about a paper, the most open names first."""
    chosen: list[ScoredName] = []
    text = scored.document.text
    for name in sorted(scored.names, key=lambda name: -_openness(name, blend)):
        if _openness(name, blend) <= 0 or len(chosen) == blend.most_questions:
            break
        if not any(same_thing(name.candidate, other.candidate, text) for other in chosen):
            chosen.append(name)
    ordered = sorted(chosen, key=lambda name: name.candidate.spans)
    document, prefix = scored.document, shared_prefix()
    return [
        Question(
            name.candidate.key,
            prefix + _question(document.title, _excerpt(document, name), name.candidate.text),
        )
        for name in ordered
    ]


def answered(
    scored: Scored, question: Question, answers: Mapping[str, float], blend: Blend
) -> Scored:
    """The paper's candidates with what the model says of one name taken in.

    It counts for every form of the name, and for the fields that the classifier left open.
    """
    asked = next(name for name in scored.names if name.candidate.key == question.key)
    names = (
        _updated(name, answers, blend)
        if same_thing(name.candidate, asked.candidate, scored.document.text)
        else name
        for name in scored.names
    )
    return replace(scored, names=tuple(names))


def shared_prefix() -> str:
    """What every prompt starts with."""
    shots = (
        _question(title, text, name) + f" {answer}\n\n"
        for title, text, names in _EXAMPLES
        for name, answer in names
    )
    return _RULES + "".join(shots)


def _updated(name: ScoredName, answers: Mapping[str, float], blend: Blend) -> ScoredName:
    """The name with the model's answer taken into the fields that are open."""
    chances = {
        field: blend.combine(field, chance, answers) if blend.leaves_open(field, chance) else chance
        for field, chance in name.probability.items()
    }
    return replace(name, probability=chances)


def _openness(name: ScoredName, blend: Blend) -> float:
    """How near the classifier is to not knowing: 0 where nothing is open, at most 1."""
    chances = name.probability
    inside = (
        1 - abs(2 * chances[field] - 1)
        for field in blend.fields
        if blend.leaves_open(field, chances[field])
    )
    return max(inside, default=0.0)


def _question(title: str, text: str, name: str) -> str:
    return f"Title: {title}\nText: {text}\nName: {name}\nKind:"


def _excerpt(document: Document, name: ScoredName) -> str:
    """The first and the last sentence with the name; the first of all where it has none."""
    found = {document.sentence_at(start).number for start, _ in name.candidate.spans} - {0}
    numbers = {min(found), max(found)} if found else {1}
    sentences = (each for each in document.sentences if each.number in numbers)
    texts = (document.text[each.start : each.end][:_LONGEST_SENTENCE] for each in sentences)
    return " ".join(" ".join(text.split()) for text in texts)
