"""The trained classifier: how likely each candidate is a value of each field, and what is decided.

A linear model over the features, its weights in one small file; no numerical library is
needed. Probabilities are calibrated on papers the weights were not trained on.
"""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.candidates.blend import Blend, probability
from extractor.candidates.document import Document
from extractor.candidates.encoded import Encoded, Stack
from extractor.candidates.forms import (
    NAME_FIELDS,
    ScoredName,
    could_be,
    fuller,
    same_thing,
    short_form,
)
from extractor.candidates.lexicon import Lexicon
from extractor.candidates.name_features import name_features
from extractor.candidates.quantity_features import quantity_features, url_features
from extractor.candidates.spans import (
    UrlCandidate,
    find_names,
    find_quantities,
    find_urls,
)
from extractor.encoder import calibrated, shared_encoder
from extractor.llm.weights.catalog import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extractor.grounding.numbers import NumberMention

_HERE = Path(__file__).parent
_SCALE = 100
_MOST_CLAIMS, _MOST_NAMES = 12, 16  # as the schema has it


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights by feature, one number for each of ``outputs``; ``bias`` likewise."""

    outputs: tuple[str, ...]
    bias: tuple[float, ...]
    rows: Mapping[str, tuple[float, ...]]

    def chances(self, features: Iterable[str]) -> list[float]:
        """The probability of each output."""
        found = filter(None, map(self.rows.get, features))
        # fsum is exact: the order of the features, which is that of a set, changes nothing.
        return [probability(math.fsum(column)) for column in zip(self.bias, *found, strict=True)]

    def packed(self) -> dict[str, object]:
        """As JSON values: hundredths, the features in one string."""
        names = sorted(self.rows)
        return {
            "outputs": self.outputs,
            "bias": self.bias,
            "features": "\n".join(names),
            "weights": [
                [round(self.rows[name][index] * _SCALE) for name in names]
                for index in range(len(self.outputs))
            ],
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> LinearModel:
        """Read what :meth:`packed` gave."""
        scaled = [[weight / _SCALE for weight in column] for column in packed["weights"]]
        names = packed["features"].split("\n")
        rows = dict(zip(names, zip(*scaled, strict=True), strict=True))
        return cls(tuple(packed["outputs"]), tuple(packed["bias"]), rows)


@dataclass(frozen=True, slots=True)
class ScoredQuantity:
    """A multiple or percentage, and how likely it is a claimed speed-up of the paper's.

    ``offset`` is where its source (title or abstract) starts in the document's text.
    """

    mention: NumberMention
    offset: int
    probability: float

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the document's text."""
        return self.offset + self.mention.start, self.offset + self.mention.end


@dataclass(frozen=True, slots=True)
class ScoredUrl:
    """A URL and how likely the paper's code is there."""

    candidate: UrlCandidate
    probability: float


@dataclass(frozen=True, slots=True)
class Scored:
    """All candidates of a paper with their probabilities."""

    document: Document
    names: tuple[ScoredName, ...]
    quantities: tuple[ScoredQuantity, ...]
    urls: tuple[ScoredUrl, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the paper says, as candidates."""

    method_name: ScoredName | None
    claimed_speedups: tuple[ScoredQuantity, ...]
    benchmarks: tuple[ScoredName, ...]
    hardware: tuple[ScoredName, ...]
    code_url: ScoredUrl | None


@dataclass(frozen=True, slots=True)
class Classifier:
    """Linear models, lexicon and thresholds; ``blend`` says how to weigh each model's answers.

    ``stack`` says how to weigh what the encoder says; without one, it is not asked.
    ``calibration`` gives for each field the constant and the weight of the log odds that make the
    probability of a chosen value the share of such values that are right.
    """

    lexicon: Lexicon
    names: LinearModel
    quantities: LinearModel
    urls: LinearModel
    thresholds: Mapping[str, float]
    blend: Mapping[str, Blend]
    stack: Stack | None = None
    calibration: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path = _HERE) -> Classifier:
        """Read ``classifier.json.gz`` and ``lexicon.json.gz``."""
        packed = json.loads(gzip.decompress((folder / "classifier.json.gz").read_bytes()))
        return cls(
            lexicon=Lexicon.load(folder / "lexicon.json.gz"),
            names=LinearModel.unpacked(packed["names"]),
            quantities=LinearModel.unpacked(packed["quantities"]),
            urls=LinearModel.unpacked(packed["urls"]),
            thresholds=packed["thresholds"],
            blend={name: Blend.unpacked(each) for name, each in packed["blend"].items()},
            stack=Stack(packed["stack"]) if packed["stack"] else None,
            calibration=packed["calibration"],
        )

    def save(self, folder: Path) -> None:
        """Write what :meth:`load` reads; the same classifier gives the same bytes."""
        packed = {
            "names": self.names.packed(),
            "quantities": self.quantities.packed(),
            "urls": self.urls.packed(),
            "thresholds": dict(self.thresholds),
            "blend": {name: asdict(each) for name, each in sorted(self.blend.items())},
            "stack": self.stack.fields if self.stack else None,
            "calibration": dict(self.calibration),
        }
        text = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
        path = folder / "classifier.json.gz"
        path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        self.lexicon.save(folder / "lexicon.json.gz")

    def blend_for(self, model: str) -> Blend:
        """How to weigh a model's answers: as was fitted for it, else for the embedded default."""
        return self.blend.get(model) or self.blend[DEFAULT_MODEL]

    def score(self, title: str, abstract: str) -> Scored:
        """Find a paper's candidates and say how likely each is."""
        document = Document(title, abstract)
        names, quantities = find_names(document), find_quantities(document)
        by_name = zip(names.candidates, name_features(document, names, self.lexicon), strict=True)
        by_quantity = zip(quantities, quantity_features(document, quantities), strict=True)
        urls = find_urls(document)
        by_url = zip(urls, url_features(document, urls), strict=True)
        scored_names = (
            ScoredName(each, dict(zip(NAME_FIELDS, self.names.chances(facts), strict=True)))
            for each, facts in by_name
        )
        scored_quantities = (
            ScoredQuantity(mention, offset, self.quantities.chances(facts)[0])
            for (offset, mention), facts in by_quantity
        )
        scored_urls = (ScoredUrl(url, self.urls.chances(facts)[0]) for url, facts in by_url)
        scored = Scored(document, tuple(scored_names), tuple(scored_quantities), tuple(scored_urls))
        if self.stack is None or not (scored.names or scored.quantities):
            return scored
        return stacked(scored, Encoded.of(document, shared_encoder()), self.stack)

    def confidence(self, field: str, chance: float) -> float:
        """How likely a chosen value is right."""
        return calibrated(chance, *self.calibration.get(field, (0.0, 1.0)))

    def decide(self, scored: Scored) -> Decision:
        """Choose: one method name or none, lists without two forms of one thing, one URL."""
        limits = self.thresholds
        methods = [n for n in scored.names if n.probability["method_name"] >= limits["method_name"]]
        claims = [q for q in scored.quantities if q.probability >= limits["claimed_speedups"]]
        if len(claims) > _MOST_CLAIMS:
            likeliest = sorted(claims, key=lambda claim: -claim.probability)[:_MOST_CLAIMS]
            claims = [claim for claim in claims if claim in likeliest]
        urls = [url for url in scored.urls if url.probability >= limits["code_url"]]
        method = max(methods, key=lambda n: n.probability["method_name"], default=None)
        return Decision(
            method_name=method and short_form(method, scored.names, scored.document.text),
            claimed_speedups=tuple(claims),
            benchmarks=self._list(scored, "benchmarks"),
            hardware=self._list(scored, "hardware"),
            code_url=max(urls, key=lambda url: url.probability, default=None),
        )

    def _list(self, scored: Scored, field: str) -> tuple[ScoredName, ...]:
        names, text = scored.names, scored.document.text
        likely = [name for name in names if name.probability[field] >= self.thresholds[field]]
        chosen: list[ScoredName] = []
        taken: list[ScoredName] = []
        for name in sorted(likely, key=lambda name: -name.probability[field]):
            known = len(chosen) == _MOST_NAMES or any(
                same_thing(name.candidate, other.candidate, text) for other in taken
            )
            if not known and could_be(name, field):
                form = fuller(name, names, taken, text) if field == "hardware" else name
                chosen.append(form)
                taken += [name, form]
        return tuple(chosen[:_MOST_NAMES])


def stacked(scored: Scored, encoded: Encoded, stack: Stack) -> Scored:
    """The candidates, with the probabilities of the linear models and the encoder together."""
    names = (
        replace(name, probability=_stacked_name(name, encoded, stack)) for name in scored.names
    )
    quantities = (
        replace(each, probability=_stacked_claim(each, encoded, stack))
        for each in scored.quantities
    )
    return replace(scored, names=tuple(names), quantities=tuple(quantities))


def _stacked_name(name: ScoredName, encoded: Encoded, stack: Stack) -> dict[str, float]:
    chances = [name.probability[field] for field in NAME_FIELDS]
    logs = encoded.name_logs(name.candidate.spans)
    return {field: stack.combine(field, chances, logs) for field in NAME_FIELDS}


def _stacked_claim(claim: ScoredQuantity, encoded: Encoded, stack: Stack) -> float:
    return stack.combine("claimed_speedups", [claim.probability], encoded.claim_logs(*claim.span))
