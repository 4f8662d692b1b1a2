"""Training of the head: mines the lexicon, fits the weights, sets the thresholds.

    python benchmarks/training/train.py --gold PAPERS GOLD --annotated PAPERS
        --exclude TEXT ... --out FOLDER [--questions FILE]

Gold records are in the scorer's format; a key ``only`` lists the fields that were annotated
where not all were. ``--annotated`` are the papers (JSON Lines) that benchmarks/training/
annotations.jsonl.gz has records of, by id; those of them without a record, and without their
title in a gold file or an excluded text, are what the lexicon is mined from. How to weigh a
model's answers is fitted on benchmarks/training/answers.jsonl.gz, which
benchmarks/training/ask_questions.py writes from the file of ``--questions``. The same data give
the same bytes. Needs scikit-learn: pip install -e '.[train]'.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.candidates.blend import Blend, answer_logs, log_odds
from extractor.candidates.classifier import (
    NAME_FIELDS,
    Classifier,
    Decision,
    LinearModel,
    Scored,
    ScoredName,
    ScoredQuantity,
    ScoredUrl,
)
from extractor.candidates.document import Document
from extractor.candidates.lexicon import Lexicon, LexiconEntry, lexicon_entry
from extractor.candidates.name_features import name_features
from extractor.candidates.quantity_features import quantity_features, url_features
from extractor.candidates.questions import questions
from extractor.candidates.spans import find_names, find_quantities, find_urls
from extractor.names import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from scipy.sparse import csr_matrix

Json = dict[str, Any]
_FOLDS = 5
_INVERSE_PENALTY = {"contexts": 0.1, "names": 0.5, "quantities": 0.3, "urls": 1.0}
_RAREST = {"contexts": 3, "names": 3, "quantities": 2, "urls": 1}
_SMALLEST_WEIGHT = 0.015
_FEWEST_PAPERS = 2
_FEWEST_ANSWERS, _ADVICE_PENALTY = 8, 0.2
_MOST_STEPS, _TOLERANCE = 400, 1e-6
UNLABELLED = -1
_OPEN_BETWEEN, _MOST_QUESTIONS = (0.08, 0.92), 4
# Fields for which a model's answers were found to help on held-out papers.
_ADVISED = {
    "qwen2.5-coder-1.5b": ("method_name", "benchmarks"),
    "qwen2.5-coder-0.5b": ("benchmarks",),
}
_TRAINING = Path(__file__).parent
_EMPTY_RECORD: dict[str, Any] = {
    "method_name": [],
    "method_optional": False,
    "other_names": [],
    "speedups": [],
    "speedups_optional": [],
    "benchmarks": [],
    "benchmarks_optional": [],
    "hardware": [],
    "hardware_optional": [],
    "code_url": None,
}


@dataclass(frozen=True, slots=True)
class Example:
    """One candidate: its paper's number, its features, and its label for each output."""

    paper: int
    features: frozenset[str]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """Annotated papers with their records."""

    papers: list[Json]
    records: list[Json]

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Gold:
        """Read pairs of a papers file and a gold file, matched by id."""
        papers: list[Json] = []
        records: list[Json] = []
        for paper_path, gold_path in pairs:
            by_id = {record["id"]: _EMPTY_RECORD | record for record in _lines(Path(gold_path))}
            for paper in _lines(Path(paper_path)):
                if paper["id"] in by_id:
                    papers.append(paper)
                    records.append(by_id[paper["id"]])
        return cls(papers, records)

    def documents(self) -> list[Document]:
        return [Document(paper["title"], paper["abstract"]) for paper in self.papers]


def _lines(path: Path) -> list[Json]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _annotated(record: Json, field: str) -> bool:
    return "only" not in record or field in record["only"]


def name_labels(record: Json, key: str) -> tuple[int, ...]:
    """1, 0 or UNLABELLED for each of ``NAME_FIELDS``."""
    method = int(key in {name_key(form) for form in record["method_name"]})
    if (method and record["method_optional"]) or not _annotated(record, "method_name"):
        method = UNLABELLED
    lists = (_list_label(record, field, key) for field in ("benchmarks", "hardware"))
    return (method, *lists)


def _list_label(record: Json, field: str, key: str) -> int:
    if not _annotated(record, field):
        return UNLABELLED
    if any(name_key(form) == key for item in record[field] for form in item):
        return 1
    optional = any(name_key(form) == key for item in record[f"{field}_optional"] for form in item)
    return UNLABELLED if optional else 0


def name_examples(gold: Gold, lexicon: Lexicon, *, contexts_only: bool = False) -> list[Example]:
    """Every name candidate of every annotated paper."""
    examples: list[Example] = []
    for number, (document, record) in enumerate(zip(gold.documents(), gold.records, strict=True)):
        names = find_names(document)
        features = name_features(document, names, lexicon, contexts_only=contexts_only)
        examples += [
            Example(number, frozenset(facts), name_labels(record, candidate.key))
            for candidate, facts in zip(names.candidates, features, strict=True)
        ]
    return examples


def quantity_examples(gold: Gold) -> list[Example]:
    """Every quantity of every paper annotated for speed-ups."""
    examples: list[Example] = []
    for number, (document, record) in enumerate(zip(gold.documents(), gold.records, strict=True)):
        if not _annotated(record, "claimed_speedups"):
            continue
        found = find_quantities(document)
        labels = _quantity_labels(document, found, record)
        features = quantity_features(document, found)
        examples += [
            Example(number, frozenset(facts), (label,))
            for facts, label in zip(features, labels, strict=True)
        ]
    return examples


def _claim_key(claim: Json) -> tuple[float, float | None, str]:
    low, high = float(claim["value"]), claim.get("value_max")
    return low, None if high is None or float(high) == low else float(high), claim["unit"]


def _quantity_labels(document: Document, found: Sequence[Any], record: Json) -> list[int]:
    """Which quantities are gold claims: those of the value, in the quote where it stands."""
    labels = [0] * len(found)
    keys = [
        (float(m.value), None if m.value_max is None else float(m.value_max), m.unit)
        for _, m in found
    ]
    starts = [offset + mention.start for offset, mention in found]
    for field, label in (("speedups", 1), ("speedups_optional", UNLABELLED)):
        for claim in record[field]:
            fits = [i for i, key in enumerate(keys) if not labels[i] and key == _claim_key(claim)]
            place = document.text.find(claim["quote"]) if claim.get("quote") else -1
            quoted = [i for i in fits if 0 <= place <= starts[i] < place + len(claim["quote"])]
            if fits:
                labels[quoted[-1] if quoted else fits[0]] = label
    return labels


def url_examples(gold: Gold) -> list[Example]:
    """Every URL of every paper annotated for its code."""
    examples: list[Example] = []
    for number, (document, record) in enumerate(zip(gold.documents(), gold.records, strict=True)):
        if not _annotated(record, "code_url"):
            continue
        found = find_urls(document)
        examples += [
            Example(number, frozenset(facts), (int(_same_url(url.text, record["code_url"])),))
            for url, facts in zip(found, url_features(document, found), strict=True)
        ]
    return examples


def _same_url(one: str, other: str | None) -> bool:
    return other is not None and _bare_url(one) == _bare_url(other)


def _bare_url(url: str) -> str:
    bare = url.strip().lower().split("://")[-1].removeprefix("www.").rstrip("/.,;)")
    return bare.removesuffix(".git").rstrip("/")


class Fitter:
    """Turns examples into matrices over one vocabulary and fits a logistic regression each."""

    def __init__(self, examples: Sequence[Example], part: str) -> None:
        import numpy as np

        counts = Counter(feature for example in examples for feature in example.features)
        kept = sorted(name for name, count in counts.items() if count >= _RAREST[part])
        self._column = {name: column for column, name in enumerate(kept)}
        self._inverse_penalty = _INVERSE_PENALTY[part]
        self._examples = examples
        self.matrix = self.encode(example.features for example in examples)
        self.labels = np.array([example.labels for example in examples])
        self.papers = np.array([example.paper for example in examples])

    def encode(self, rows: Iterable[Iterable[str]]) -> csr_matrix:
        import numpy as np
        from scipy.sparse import csr_matrix

        columns: list[int] = []
        ends = [0]
        for features in rows:
            columns += sorted(self._column[name] for name in features if name in self._column)
            ends.append(len(columns))
        shape = (len(ends) - 1, len(self._column))
        return csr_matrix((np.ones(len(columns)), columns, ends), shape=shape)

    def fit(self, output: int, rows: np.ndarray[Any, Any] | None = None) -> Any:
        """The model of one output, on ``rows`` (a mask) or on all that are labelled."""
        from sklearn.linear_model import LogisticRegression

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
        import numpy as np

        folds = np.array([fold_of[paper] for paper in self.papers])
        chances = np.zeros(len(folds))
        for fold in range(_FOLDS):
            model = self.fit(output, folds != fold)
            held = folds == fold
            if held.any():
                chances[held] = model.predict_proba(self.matrix[held])[:, 1]
        return chances


def folds(papers: int) -> list[int]:
    """A fold for every paper, by a fixed shuffle."""
    order = [number % _FOLDS for number in range(papers)]
    random.Random(0).shuffle(order)  # noqa: S311
    return order


def mine(gold: Gold, dump: Sequence[Json]) -> Lexicon:
    """The lexicon of ``dump``: names in two papers or more, read by their contexts alone."""
    fitter = Fitter(name_examples(gold, Lexicon({}), contexts_only=True), "contexts")
    models = [fitter.fit(output) for output in range(len(NAME_FIELDS))]
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0] * (1 + len(models)))
    with Pool() as pool:
        pages = pool.imap(_contexts, ((p["title"], p["abstract"]) for p in dump), chunksize=100)
        for batch in _batches(pages, 2000):
            rows = [row for page in batch for row in page]
            matrix = fitter.encode(features for _, features in rows)
            chances = [model.predict_proba(matrix)[:, 1] for model in models]
            for index, (key, _) in enumerate(rows):
                total = totals[key]
                total[0] += 1
                for output, chance in enumerate(chances, start=1):
                    total[output] += float(chance[index])
    return Lexicon(
        {key: _entry(total) for key, total in totals.items() if total[0] >= _FEWEST_PAPERS}
    )


def _entry(total: Sequence[float]) -> LexiconEntry:
    papers, method, benchmark, hardware = total
    return lexicon_entry(int(papers), (method / papers, benchmark / papers, hardware / papers))


def _contexts(paper: tuple[str, str]) -> list[tuple[str, set[str]]]:
    document = Document(*paper)
    names = find_names(document)
    features = name_features(document, names, Lexicon({}), contexts_only=True)
    keys = (candidate.key for candidate in names.candidates)
    return list(zip(keys, features, strict=True))


def _batches(items: Iterable[Any], size: int) -> Iterable[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def best_threshold(f1_at: Callable[[float], float]) -> float:
    """The threshold of the best F1; of equal ones the highest."""
    steps = [step / 50 for step in range(5, 46)]
    return max(steps, key=lambda step: (f1_at(step), step))


def train(gold: Gold, lexicon: Lexicon, thresholds: dict[str, float]) -> Classifier:
    """Fit all weights on all gold papers."""
    return Classifier(
        lexicon=lexicon,
        names=Fitter(name_examples(gold, lexicon), "names").weights(NAME_FIELDS),
        quantities=Fitter(quantity_examples(gold), "quantities").weights(("claimed_speedups",)),
        urls=Fitter(url_examples(gold), "urls").weights(("code_url",)),
        thresholds=thresholds,
        blend={},
    )


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Every gold paper's candidates with probabilities from models that did not see it."""

    gold: Gold
    scored: list[Scored]

    def chance(self, number: int, key: str, field: str) -> float:
        """The probability of one name of one paper."""
        names = self.scored[number].names
        return next(name.probability[field] for name in names if name.candidate.key == key)


def hold_out(gold: Gold, lexicon: Lexicon) -> HeldOut:
    """Score every paper by cross-validation."""
    fold_of = folds(len(gold.papers))
    names = Fitter(name_examples(gold, lexicon), "names")
    by_field = [names.held_out(output, fold_of) for output in range(len(NAME_FIELDS))]
    rows = _by_paper(names.papers, zip(*by_field, strict=True))
    quantities = Fitter(quantity_examples(gold), "quantities")
    claims = _by_paper(quantities.papers, quantities.held_out(0, fold_of))
    urls = Fitter(url_examples(gold), "urls")
    pages = _by_paper(urls.papers, urls.held_out(0, fold_of))
    scored = [
        Scored(
            document,
            tuple(
                ScoredName(candidate, dict(zip(NAME_FIELDS, map(float, chances), strict=True)))
                for candidate, chances in zip(find_names(document).candidates, rows[n], strict=True)
            ),
            tuple(
                ScoredQuantity(mention, offset, float(chance))
                for (offset, mention), chance in zip(
                    find_quantities(document), claims.get(n, ()), strict=False
                )
            ),
            tuple(
                ScoredUrl(url, float(chance))
                for url, chance in zip(find_urls(document), pages.get(n, ()), strict=False)
            ),
        )
        for n, document in enumerate(gold.documents())
    ]
    return HeldOut(gold, scored)


def _by_paper(papers: Iterable[int], values: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for paper, value in zip(papers, values, strict=True):
        grouped.setdefault(int(paper), []).append(value)
    return grouped


Counts = tuple[int, int, int]


def count_field(field: str, decision: Decision, record: Json) -> Counts:
    """Right, wrong and missing values of one field, counted as the gold scorer counts."""
    if not _annotated(record, field):
        return 0, 0, 0
    if field == "method_name":
        return _count_method(decision, record)
    if field == "claimed_speedups":
        return _count_claims(decision, record)
    if field == "code_url":
        got = decision.code_url
        right = got is not None and _same_url(got.candidate.text, record["code_url"])
        return (
            int(right),
            int(got is not None and not right),
            int(bool(record["code_url"]) and not right),
        )
    return _count_list(getattr(decision, field), record, field)


def _count_method(decision: Decision, record: Json) -> Counts:
    forms = {name_key(form) for form in record["method_name"]}
    if record["method_optional"]:
        return 0, 0, 0
    missing = int(bool(forms))
    if decision.method_name is None:
        return 0, 0, missing
    key = decision.method_name.candidate.key
    if key in forms:
        return 1, 0, 0
    return 0, int(key not in {name_key(form) for form in record["other_names"]}), missing


def _count_claims(decision: Decision, record: Json) -> Counts:
    wanted = [_claim_key(claim) for claim in record["speedups"]]
    free = [_claim_key(claim) for claim in record["speedups_optional"]]
    right = wrong = 0
    for quantity in decision.claimed_speedups:
        mention = quantity.mention
        key = _claim_key(
            {"value": mention.value, "value_max": mention.value_max, "unit": mention.unit}
        )
        if key in wanted:
            wanted.remove(key)
            right += 1
        elif key not in free:
            wrong += 1
    return right, wrong, len(wanted)


def _count_list(names: Iterable[ScoredName], record: Json, field: str) -> Counts:
    wanted = [{name_key(form) for form in item} for item in record[field]]
    free = {name_key(form) for item in record[f"{field}_optional"] for form in item}
    right = wrong = 0
    for name in names:
        hit = next((forms for forms in wanted if name.candidate.key in forms), None)
        if hit is not None:
            wanted.remove(hit)
            right += 1
        elif name.candidate.key not in free:
            wrong += 1
    return right, wrong, len(wanted)


FIELDS = ("method_name", "claimed_speedups", "benchmarks", "hardware", "code_url")


def f1_of(
    head: Classifier, held: HeldOut, field: str, papers: Iterable[int] | None = None
) -> float:
    """The F1 of one field over held-out papers, by the head's decisions."""
    right = wrong = missing = 0
    for number in range(len(held.scored)) if papers is None else papers:
        decision = head.decide(held.scored[number])
        counts = count_field(field, decision, held.gold.records[number])
        right, wrong, missing = (
            a + b for a, b in zip((right, wrong, missing), counts, strict=True)
        )
    total = 2 * right + wrong + missing
    return 2 * right / total if total else 1.0


def tune(head: Classifier, held: HeldOut) -> dict[str, float]:
    """The threshold of every field that gives the best F1 on held-out papers."""
    limits = dict(head.thresholds)
    for field in FIELDS:

        def f1_at(limit: float, field: str = field) -> float:
            return f1_of(replace(head, thresholds={**limits, field: limit}), held, field)

        limits[field] = best_threshold(f1_at)
    return limits


def open_questions(held: HeldOut, between: tuple[float, float], most: int) -> list[Json]:
    """The questions about every held-out paper's open names, for a model to answer."""
    everything = Blend(dict.fromkeys(NAME_FIELDS, ()), between, most)
    return [
        {"id": paper["id"], "key": question.key, "prompt": question.prompt}
        for paper, scored in zip(held.gold.papers, held.scored, strict=True)
        for question in questions(scored, everything)
    ]


def fit_advice(
    held: HeldOut, answers: Iterable[Json], between: tuple[float, float], most: int
) -> Blend:
    """Weigh head and answers by a logistic regression on the names that were asked about.

    An answer is ``{"id": ..., "key": ..., "answers": {answer: probability}}``.
    """
    from sklearn.linear_model import LogisticRegression

    number_of = {paper["id"]: number for number, paper in enumerate(held.gold.papers)}
    asked = [(number_of[answer["id"]], answer["key"], answer["answers"]) for answer in answers]
    fields: dict[str, tuple[float, ...]] = {}
    for output, field in enumerate(NAME_FIELDS):
        rows: list[list[float]] = []
        labels: list[int] = []
        for number, key, answer in asked:
            label = name_labels(held.gold.records[number], key)[output]
            chance = held.chance(number, key, field)
            if label != UNLABELLED and _is_open(chance, between):
                rows.append([log_odds(chance), *answer_logs(answer)])
                labels.append(label)
        if sum(labels) >= _FEWEST_ANSWERS:
            model = LogisticRegression(C=_ADVICE_PENALTY, max_iter=1000).fit(rows, labels)
            weights = (float(model.intercept_[0]), *map(float, model.coef_[0]))
            fields[field] = tuple(round(weight, 4) for weight in weights)
    return Blend(fields, between, most)


def _is_open(chance: float, between: tuple[float, float]) -> bool:
    return between[0] < chance < between[1]


def advise(held: HeldOut) -> dict[str, Blend]:
    """How to weigh each model's answers, for the fields that they help."""
    answers = _lines(_TRAINING / "answers.jsonl.gz")
    known = {
        paper["id"]: scored for paper, scored in zip(held.gold.papers, held.scored, strict=True)
    }
    blend = {}
    for model, fields in _ADVISED.items():
        fitting = [each for each in answers if each["model"] == model and _asks(each, known)]
        fitted = fit_advice(held, fitting, _OPEN_BETWEEN, _MOST_QUESTIONS)
        kept = {field: fitted.fields[field] for field in fields if field in fitted.fields}
        blend[model] = replace(fitted, fields=kept)
    return blend


def _asks(answer: Json, known: dict[str, Scored]) -> bool:
    """Whether an answer is about a name that is still a candidate."""
    scored = known.get(answer["id"])
    return scored is not None and any(n.candidate.key == answer["key"] for n in scored.names)


def _unlabelled(papers: Path, gold: Gold, excluded: Iterable[Path]) -> list[Json]:
    """The papers that nothing is known of, and that nothing is measured on."""
    titles = {paper["title"].lower() for paper in gold.papers}
    texts = "\n".join(path.read_text(encoding="utf-8").lower() for path in excluded)
    return [
        paper
        for paper in _lines(papers)
        if paper["title"].lower() not in titles and paper["title"].lower() not in texts
    ]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", nargs=2, action="append", required=True)
    parser.add_argument("--annotated", type=Path, required=True)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--questions", type=Path)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _options(arguments)
    annotations = (options.annotated, _TRAINING / "annotations.jsonl.gz")
    gold = Gold.read([*options.gold, annotations])
    lexicon = mine(gold, _unlabelled(options.annotated, gold, options.exclude))
    head = train(gold, lexicon, dict.fromkeys(FIELDS, 0.4))
    held = hold_out(gold, lexicon)
    head = replace(head, thresholds=tune(head, held), blend=advise(held))
    head.save(options.out)
    if options.questions:
        asked = open_questions(held, _OPEN_BETWEEN, _MOST_QUESTIONS)
        lines = (json.dumps(question, ensure_ascii=False) for question in asked)
        options.questions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    first = len(_lines(Path(options.gold[0][0])))
    for field in FIELDS:
        held_out = f1_of(head, held, field, range(first))
        print(f"{field:18} threshold {head.thresholds[field]:.2f}  held-out F1 {held_out:.3f}")


if __name__ == "__main__":
    main()
