"""What is set on held-out papers: thresholds, and how a model's answers are weighed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

from sklearn.linear_model import LogisticRegression

from benchmarks.training.fitting import FOLDS
from benchmarks.training.gold import (
    SCORERS,
    UNLABELLED,
    is_annotated,
    name_labels,
    number,
    quantity_labels,
    url_label,
)
from extractor.candidates.blend import Blend, answer_logs, log_odds
from extractor.candidates.classifier import Scored, ScoredQuantity, ScoredUrl, stacked
from extractor.candidates.encoded import Stack
from extractor.candidates.forms import NAME_FIELDS, ScoredName
from extractor.candidates.questions import questions
from extractor.candidates.spans import find_names, find_quantities, find_urls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.training.fitting import Fitters
    from benchmarks.training.gold import Gold, Json
    from extractor.candidates.classifier import Classifier, Decision
    from extractor.evaluation.scorers import Expected

FIELDS = ("method_name", "claimed_speedups", "benchmarks", "hardware", "code_url")
_CLAIMS = "claimed_speedups"
_STEPS = [step / 50 for step in range(5, 46)]
_UNLIKELY = 0.05  # less than the lowest threshold, since a device's longer form may be less likely
_OPEN_BETWEEN, _MOST_QUESTIONS = (0.08, 0.92), 4
_FEWEST_ANSWERS, _INVERSE_PENALTY = 8, 0.2
# Fields for which a model's answers were found to help on held-out papers.
_HELPED: Mapping[str, tuple[str, ...]] = {
    "qwen2.5-coder-1.5b": ("method_name",),
    "qwen2.5-coder-0.5b": (),
}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Every gold paper's candidates with probabilities from models that did not see it."""

    gold: Gold
    scored: list[Scored]

    @classmethod
    def of(cls, gold: Gold, fitters: Fitters) -> HeldOut:
        """Score every paper by cross-validation."""
        fold_of = [paper % FOLDS for paper in range(len(gold.papers))]
        Random(0).shuffle(fold_of)  # noqa: S311
        names = fitters.names
        by_field = [names.held_out(output, fold_of) for output in range(len(NAME_FIELDS))]
        chances = _by_paper(names.papers, zip(*by_field, strict=True))
        claims = _by_paper(fitters.quantities.papers, fitters.quantities.held_out(0, fold_of))
        pages = _by_paper(fitters.urls.papers, fitters.urls.held_out(0, fold_of))
        scored = [
            Scored(
                document,
                tuple(
                    ScoredName(each, dict(zip(NAME_FIELDS, map(float, row), strict=True)))
                    for each, row in zip(find_names(document).candidates, chances[at], strict=True)
                ),
                tuple(
                    ScoredQuantity(mention, offset, float(chance))
                    for (offset, mention), chance in _annotated(
                        find_quantities(document), claims.get(at)
                    )
                ),
                tuple(
                    ScoredUrl(url, float(chance))
                    for url, chance in _annotated(find_urls(document), pages.get(at))
                ),
            )
            for at, document in enumerate(gold.documents())
        ]
        return cls(gold, scored)

    def stacked(self, stack: Stack) -> HeldOut:
        """The same with what the encoder says of each paper; all papers have scores."""
        encoded = map(self.gold.encoded, range(len(self.scored)))
        scored = [
            stacked(each, spans, stack)
            for each, spans in zip(self.scored, encoded, strict=True)
            if spans is not None
        ]
        return HeldOut(self.gold, scored)

    def likely(self, field: str) -> HeldOut:
        """The candidates alone that any threshold could make values of ``field``."""
        scored = [
            replace(
                each,
                names=tuple(n for n in each.names if n.probability.get(field, 0.0) >= _UNLIKELY),
                quantities=each.quantities if field == "claimed_speedups" else (),
                urls=each.urls if field == "code_url" else (),
            )
            for each in self.scored
        ]
        return replace(self, scored=scored)

    def undecided(self, field: str) -> list[int]:
        """The papers that have a candidate, or should have a value, of ``field``."""
        return [
            paper
            for paper, each in enumerate(self.scored)
            if each.names or each.quantities or each.urls or self.is_expected(paper, field)
        ]

    def is_expected(self, paper: int, field: str) -> bool:
        """Whether gold has a value of ``field``."""
        expected = self.expected(paper, field)
        return expected is not None and bool(expected.values)

    def chance(self, paper: int, key: str, field: str) -> float:
        """The probability of one name of one paper."""
        names = self.scored[paper].names
        return next(name.probability[field] for name in names if name.candidate.key == key)

    def expected(self, paper: int, field: str) -> Expected | None:
        """What the scorer of ``extractor eval`` is told of a field; None if not annotated."""
        record = self.gold.records[paper]
        if not is_annotated(record, field):
            return None
        key = {"claimed_speedups": "speedups"}.get(field, field)
        optional: Any = record.get(f"{key}_optional", ())
        if field == "method_name":
            optional = bool(record["method_optional"]) or record["other_names"]
        return SCORERS[field].expect(record[key], optional)


def _by_paper(papers: Iterable[int], values: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for paper, value in zip(papers, values, strict=True):
        grouped.setdefault(int(paper), []).append(value)
    return grouped


def _annotated(found: list[Any], chances: list[Any] | None) -> Iterable[tuple[Any, Any]]:
    """The candidates with their chances; none where the paper is not annotated for them."""
    return () if chances is None else zip(found, chances, strict=True)


def _record(decision: Decision) -> Json:
    """What was decided, as the scorers read it."""
    method, url = decision.method_name, decision.code_url
    return {
        "method_name": method.candidate.text if method else None,
        "claimed_speedups": [number(each.mention) for each in decision.claimed_speedups],
        "benchmarks": [name.candidate.text for name in decision.benchmarks],
        "hardware": [name.candidate.text for name in decision.hardware],
        "code_url": url.candidate.text if url else None,
    }


def f1_of(
    classifier: Classifier, held: HeldOut, field: str, papers: Iterable[int] | None = None
) -> float:
    """The F1 of one field over held-out papers, by what the classifier decides."""
    right = wrong = missing = 0
    for paper in range(len(held.scored)) if papers is None else papers:
        expected = held.expected(paper, field)
        if expected is not None:
            decision = classifier.decide(held.scored[paper])
            score = SCORERS[field].score(expected, _record(decision))
            right += score.right
            wrong += len(score.wrong)
            missing += len(score.missing)
    total = 2 * right + wrong + missing
    return 2 * right / total if total else 1.0


def stack_of(held: HeldOut) -> Stack | None:
    """How to weigh the encoder's log odds with the linear models'; None without scores."""
    rows: dict[str, list[list[float]]] = {field: [] for field in (*NAME_FIELDS, _CLAIMS)}
    labels: dict[str, list[int]] = {field: [] for field in rows}
    for paper, scored in enumerate(held.scored):
        if (encoded := held.gold.encoded(paper)) is None:
            return None
        record = held.gold.records[paper]
        for name in scored.names:
            facts = [log_odds(name.probability[field]) for field in NAME_FIELDS]
            facts += encoded.name_logs(name.candidate.spans)
            found = name_labels(record, name.candidate.key)
            for field, label in zip(NAME_FIELDS, found, strict=True):
                rows[field].append(facts)
                labels[field].append(label)
        for claim, label in _labelled_claims(scored, record):
            facts = [log_odds(claim.probability), *encoded.claim_logs(*claim.span)]
            rows[_CLAIMS].append(facts)
            labels[_CLAIMS].append(label)
    return Stack({field: _logistic(rows[field], labels[field]) for field in rows})


def _logistic(
    rows: Sequence[Sequence[float]], labels: Sequence[int], inverse_penalty: float = 1.0
) -> list[float]:
    """The constant and the weights, on the rows that are labelled."""
    usable = [at for at, label in enumerate(labels) if label != UNLABELLED]
    model = LogisticRegression(C=inverse_penalty, max_iter=1000).fit(
        [rows[at] for at in usable], [labels[at] for at in usable]
    )
    return [round(float(weight), 4) for weight in (model.intercept_[0], *model.coef_[0])]


def tune(classifier: Classifier, held: HeldOut) -> dict[str, float]:
    """The threshold of every field with the best held-out F1; of equal ones the highest."""
    limits = dict(classifier.thresholds)
    for field in FIELDS:
        likely = held.likely(field)
        papers = likely.undecided(field)
        f1_at = {
            step: f1_of(
                replace(classifier, thresholds={**limits, field: step}), likely, field, papers
            )
            for step in _STEPS
        }
        limits[field] = max(_STEPS, key=lambda step: (f1_at[step], step))
    return limits


def calibrations(classifier: Classifier, held: HeldOut) -> dict[str, list[float]]:
    """Constant and weight of the log odds, for the share of each field's values that are right."""
    chances: dict[str, list[float]] = {field: [] for field in FIELDS}
    right: dict[str, list[int]] = {field: [] for field in FIELDS}
    for paper, scored in enumerate(held.scored):
        for field, chance, label in _values(held, paper, classifier.decide(scored), scored):
            if label != UNLABELLED:
                chances[field].append(log_odds(chance))
                right[field].append(label)
    fitted: dict[str, list[float]] = {}
    for field in FIELDS:
        if 0 < sum(right[field]) < len(right[field]):
            fitted[field] = _logistic([[chance] for chance in chances[field]], right[field])
    return fitted


def _values(
    held: HeldOut, paper: int, decision: Decision, scored: Scored
) -> Iterator[tuple[str, float, int]]:
    """Field, probability and label of each value that was decided on."""
    record = held.gold.records[paper]
    methods = (decision.method_name,) if decision.method_name else ()
    chosen = dict(zip(NAME_FIELDS, (methods, decision.benchmarks, decision.hardware), strict=True))
    for at, field in enumerate(NAME_FIELDS):
        for name in chosen[field]:
            label = name_labels(record, name.candidate.key)[at]
            yield field, name.probability[field], label
    for claim, label in _labelled_claims(scored, record):
        if claim in decision.claimed_speedups:
            yield _CLAIMS, claim.probability, label
    if decision.code_url:
        url = decision.code_url
        yield "code_url", url.probability, url_label(url.candidate.text, record)


def _labelled_claims(scored: Scored, record: Json) -> Iterator[tuple[ScoredQuantity, int]]:
    found = [(each.offset, each.mention) for each in scored.quantities]
    labels = quantity_labels(scored.document, found, record)
    return zip(scored.quantities, labels, strict=True)


def open_questions(held: HeldOut) -> list[Json]:
    """The questions about every held-out paper's open names, for a model to answer."""
    everything = Blend(dict.fromkeys(NAME_FIELDS, ()), _OPEN_BETWEEN, _MOST_QUESTIONS)
    return [
        {"id": paper["id"], "key": question.key, "prompt": question.prompt}
        for paper, scored in zip(held.gold.papers, held.scored, strict=True)
        for question in questions(scored, everything)
    ]


def blends(held: HeldOut, answers: Sequence[Json]) -> dict[str, Blend]:
    """How to weigh each model's answers, for the fields that they help.

    An answer is ``{"model": ..., "id": ..., "key": ..., "answers": {answer: probability}}``; it
    counts if it is about a name that is still a candidate.
    """
    number_of = {paper["id"]: at for at, paper in enumerate(held.gold.papers)}
    keys = {
        paper_id: {name.candidate.key for name in held.scored[at].names}
        for paper_id, at in number_of.items()
    }
    fitted: dict[str, Blend] = {}
    for model, fields in _HELPED.items():
        asked = [
            (number_of[each["id"]], each["key"], each["answers"])
            for each in answers
            if each["model"] == model and each["key"] in keys.get(each["id"], ())
        ]
        weights = {field: _blend_weights(held, asked, field) for field in fields}
        kept = {field: row for field, row in weights.items() if row is not None}
        fitted[model] = Blend(kept, _OPEN_BETWEEN, _MOST_QUESTIONS)
    return fitted


def _blend_weights(
    held: HeldOut, asked: Iterable[tuple[int, str, Mapping[str, float]]], field: str
) -> tuple[float, ...] | None:
    """The logistic regression over the names that were asked about; None for too few, or all alike.

    Those too that are no longer open: of the names that an earlier classifier left open, the ones
    that a later one still does are not like the open names of other papers.
    """
    rows: list[list[float]] = []
    labels: list[int] = []
    for paper, key, answer in asked:
        label = name_labels(held.gold.records[paper], key)[NAME_FIELDS.index(field)]
        chance = held.chance(paper, key, field)
        if label != UNLABELLED:
            rows.append([log_odds(chance), *answer_logs(answer)])
            labels.append(label)
    if not _FEWEST_ANSWERS <= sum(labels) < len(labels):
        return None
    return tuple(_logistic(rows, labels, _INVERSE_PENALTY))
