"""The weights: candidates become examples, and a logistic regression is fitted to each output."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import islice
from multiprocessing import Pool
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks.training.gold import (
    UNLABELLED,
    is_annotated,
    name_labels,
    quantity_labels,
    url_label,
)
from extractor.candidates.classifier import Classifier, LinearModel
from extractor.candidates.document import Document
from extractor.candidates.forms import NAME_FIELDS
from extractor.candidates.lexicon import Lexicon, lexicon_entry
from extractor.candidates.name_features import name_features
from extractor.candidates.quantity_features import quantity_features, url_features
from extractor.candidates.spans import find_names, find_quantities, find_urls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.training.gold import Gold, Json

FOLDS = 5
_INVERSE_PENALTY = {"contexts": 0.1, "names": 0.5, "quantities": 0.3, "urls": 1.0}
_RAREST = {"contexts": 3, "names": 3, "quantities": 2, "urls": 1}
_SMALLEST_WEIGHT = 0.015
_FEWEST_PAPERS = 2
_MOST_STEPS, _TOLERANCE = 400, 1e-5
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Example:
    """One candidate: its paper's number, its features, and its label for each output."""

    paper: int
    features: frozenset[str]
    labels: tuple[int, ...]


def name_examples(gold: Gold, lexicon: Lexicon, *, contexts_only: bool = False) -> list[Example]:
    """Every name candidate of every annotated paper."""
    examples: list[Example] = []
    for paper, (document, record) in enumerate(zip(gold.documents(), gold.records, strict=True)):
        names = find_names(document)
        features = name_features(document, names, lexicon, contexts_only=contexts_only)
        examples += [
            Example(paper, frozenset(facts), name_labels(record, candidate.key))
            for candidate, facts in zip(names.candidates, features, strict=True)
        ]
    return examples


def quantity_examples(gold: Gold) -> list[Example]:
    """Every quantity of every paper annotated for speed-ups."""
    examples: list[Example] = []
    for paper, (document, record) in enumerate(zip(gold.documents(), gold.records, strict=True)):
        if is_annotated(record, "claimed_speedups"):
            found = find_quantities(document)
            labels = quantity_labels(document, found, record)
            examples += [
                Example(paper, frozenset(facts), (label,))
                for facts, label in zip(quantity_features(document, found), labels, strict=True)
            ]
    return examples


def url_examples(gold: Gold) -> list[Example]:
    """Every URL of every paper annotated for its code."""
    examples: list[Example] = []
    for paper, (document, record) in enumerate(zip(gold.documents(), gold.records, strict=True)):
        if is_annotated(record, "code_url"):
            found = find_urls(document)
            examples += [
                Example(paper, frozenset(facts), (url_label(url.text, record),))
                for url, facts in zip(found, url_features(document, found), strict=True)
            ]
    return examples


class Fitter:
    """Turns examples into matrices over one vocabulary and fits a logistic regression each."""

    def __init__(self, examples: Sequence[Example], part: str) -> None:
        counts = Counter(feature for example in examples for feature in example.features)
        kept = sorted(name for name, count in counts.items() if count >= _RAREST[part])
        self._column = {name: column for column, name in enumerate(kept)}
        self._inverse_penalty = _INVERSE_PENALTY[part]
        self.matrix = self.encode(example.features for example in examples)
        self.labels = np.array([example.labels for example in examples])
        self.papers = np.array([example.paper for example in examples])

    def encode(self, rows: Iterable[Iterable[str]]) -> csr_matrix:
        columns: list[int] = []
        ends = [0]
        for features in rows:
            columns += sorted(self._column[name] for name in features if name in self._column)
            ends.append(len(columns))
        shape = (len(ends) - 1, len(self._column))
        return csr_matrix((np.ones(len(columns)), columns, ends), shape=shape)

    def fit(self, output: int, rows: np.ndarray[Any, Any] | None = None) -> LogisticRegression:
        """The model of one output, on ``rows`` (a mask) or on all that are labelled."""
        usable = self.labels[:, output] != UNLABELLED
        if rows is not None:
            usable = usable & rows
        model = LogisticRegression(C=self._inverse_penalty, max_iter=_MOST_STEPS, tol=_TOLERANCE)
        return model.fit(self.matrix[usable], self.labels[usable, output])

    def weights(self, outputs: Sequence[str]) -> LinearModel:
        """The weights on all examples, small ones left out."""
        models = [self.fit(output) for output in range(len(outputs))]
        rows = {
            name: tuple(float(model.coef_[0][column]) for model in models)
            for name, column in self._column.items()
        }
        kept = {name: row for name, row in rows.items() if max(map(abs, row)) >= _SMALLEST_WEIGHT}
        bias = tuple(round(float(model.intercept_[0]), 4) for model in models)
        return LinearModel(tuple(outputs), bias, kept)

    def held_out(self, output: int, fold_of: Sequence[int]) -> np.ndarray[Any, Any]:
        """Probabilities for every example from models that did not see its paper."""
        folds = np.array([fold_of[paper] for paper in self.papers])
        chances = np.zeros(len(folds))
        for fold in range(FOLDS):
            held = folds == fold
            if held.any():
                model = self.fit(output, ~held)
                chances[held] = model.predict_proba(self.matrix[held])[:, 1]
        return chances


def mine(gold: Gold, papers: Sequence[Json]) -> Lexicon:
    """The lexicon of unlabelled papers: names in two or more, read by their contexts alone."""
    fitter = Fitter(name_examples(gold, Lexicon({}), contexts_only=True), "contexts")
    models = [fitter.fit(output) for output in range(len(NAME_FIELDS))]
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0] * (1 + len(models)))
    with Pool() as pool:
        texts = ((paper["title"], paper["abstract"]) for paper in papers)
        pages = pool.imap(_contexts, texts, chunksize=100)
        while batch := list(islice(pages, _BATCH)):
            rows = [row for page in batch for row in page]
            matrix = fitter.encode(features for _, features in rows)
            chances = [model.predict_proba(matrix)[:, 1] for model in models]
            for index, (key, _) in enumerate(rows):
                total = totals[key]
                total[0] += 1
                for output, chance in enumerate(chances, start=1):
                    total[output] += float(chance[index])
    return Lexicon(
        {
            key: lexicon_entry(int(found), (method / found, benchmark / found, hardware / found))
            for key, (found, method, benchmark, hardware) in totals.items()
            if found >= _FEWEST_PAPERS
        }
    )


def _contexts(paper: tuple[str, str]) -> list[tuple[str, set[str]]]:
    document = Document(*paper)
    names = find_names(document)
    features = name_features(document, names, Lexicon({}), contexts_only=True)
    return [(each.key, facts) for each, facts in zip(names.candidates, features, strict=True)]


@dataclass(frozen=True, slots=True)
class Fitters:
    """The examples of all gold papers, for each kind of candidate."""

    names: Fitter
    quantities: Fitter
    urls: Fitter

    @classmethod
    def of(cls, gold: Gold, lexicon: Lexicon) -> Fitters:
        return cls(
            Fitter(name_examples(gold, lexicon), "names"),
            Fitter(quantity_examples(gold), "quantities"),
            Fitter(url_examples(gold), "urls"),
        )


def train(fitters: Fitters, lexicon: Lexicon, thresholds: Mapping[str, float]) -> Classifier:
    """Fit all weights on all gold papers."""
    return Classifier(
        lexicon=lexicon,
        names=fitters.names.weights(NAME_FIELDS),
        quantities=fitters.quantities.weights(("claimed_speedups",)),
        urls=fitters.urls.weights(("code_url",)),
        thresholds=thresholds,
        blend={},
    )
