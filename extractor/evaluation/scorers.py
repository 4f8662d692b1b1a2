"""Scorers: what counts as right, one class for each type of value."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from extractor.grounding.urls import scored_url
from extractor.names import name_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

Key: TypeAlias = "Hashable"  # what two values have in common that count as the same


@dataclass(frozen=True, slots=True)
class GoldValue:
    """One value of gold: as it is written there, and the keys of every prediction it accepts."""

    value: Any
    keys: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Expected:
    """What gold says of one field of one paper.

    Each of ``values`` is to be found, once; ``optional`` ones count neither for nor against.
    Any other prediction is wrong, or, where ``wrong`` names values, those alone. With ``judged``
    False no prediction of the field counts.
    """

    values: tuple[GoldValue, ...] = ()
    optional: tuple[GoldValue, ...] = ()
    judged: bool = True
    wrong: tuple[GoldValue, ...] | None = None

    def is_wrong(self, key: Key) -> bool:
        """Whether a prediction that is none of ``values`` counts against the record."""
        if self.wrong is not None:
            return any(key in value.keys for value in self.wrong)
        return not any(key in value.keys for value in self.optional)


@dataclass(frozen=True, slots=True)
class PredictedValue:
    """One value of a record; ``path`` is its place there, such as "benchmarks[2]"."""

    path: str
    value: Any
    key: Key


@dataclass(frozen=True, slots=True)
class FieldScore:
    """One field of one paper, scored. ``absent``: gold has nothing there, so any value is wrong."""

    right: int
    wrong: tuple[PredictedValue, ...]
    missing: tuple[GoldValue, ...]
    absent: bool

    @property
    def exact(self) -> bool:
        return not self.wrong and not self.missing


@dataclass(frozen=True, slots=True)
class Scorer(ABC):
    """Scores one field: a list of values where ``many``, else one value or none.

    A subclass says for one type of value when two are the same and how they read. All methods
    raise TypeError, ValueError or KeyError for a value of another type.
    """

    field: str
    many: bool = False

    @abstractmethod
    def key(self, value: Any) -> Key:
        """The key of a predicted value."""

    @abstractmethod
    def gold_keys(self, value: Any) -> frozenset[Key]:
        """The keys that a value of gold accepts."""

    @abstractmethod
    def forms(self, value: Any) -> list[str]:
        """How a value, gold's or predicted, reads to a person: every form that is right."""

    @abstractmethod
    def words(self, value: Any) -> list[str]:
        """What the paper may say for a value, gold's or predicted, the likeliest first."""

    def is_given(self, value: Any) -> bool:
        """Whether a single predicted value says anything at all."""
        return value is not None

    def expect(self, values: Any, optional: Any = ()) -> Expected:
        """What gold says; ``optional`` is True where the field is not judged."""
        if optional is True:
            return Expected(judged=False)
        if not self.many:  # null and an empty text or list of forms say that there is none
            values = [] if values in (None, "", []) else [values]
        return Expected(self.accepted(_list_of(values)), self.accepted(_list_of(optional or None)))

    def accepted(self, values: Iterable[Any]) -> tuple[GoldValue, ...]:
        """Values of gold, each with the keys that it accepts."""
        return tuple(GoldValue(value, self.gold_keys(value)) for value in values)

    def score(self, expected: Expected, record: Mapping[str, Any]) -> FieldScore:
        """Compare a record with gold: each of gold's values can be found once."""
        if not expected.judged:
            return FieldScore(0, (), (), absent=False)
        left = list(expected.values)
        wrong = []
        for predicted in self.predicted(record):
            found = next((value for value in left if predicted.key in value.keys), None)
            if found is not None:
                left.remove(found)
            elif expected.is_wrong(predicted.key):
                wrong.append(predicted)
        right = len(expected.values) - len(left)
        absent = not (expected.values or expected.optional) and expected.wrong is None
        return FieldScore(right, tuple(wrong), tuple(left), absent)

    def predicted(self, record: Mapping[str, Any]) -> list[PredictedValue]:
        """The values that a record gives."""
        value = record.get(self.field)
        if not self.many:
            given = self.is_given(value)
            return [PredictedValue(self.field, value, self.key(value))] if given else []
        return [
            PredictedValue(f"{self.field}[{place}]", item, self.key(item))
            for place, item in enumerate(_list_of(value))
        ]


class ScalarScorer(Scorer):
    """Scores texts, numbers and bools; gold gives the forms that are right, one or a list."""

    def key(self, value: Any) -> Key:
        return scalar_key(value)

    def gold_keys(self, value: Any) -> frozenset[Key]:
        return frozenset(map(self.key, as_list(value)))

    def forms(self, value: Any) -> list[str]:
        return [_plain(form) for form in as_list(value)]

    def words(self, value: Any) -> list[str]:
        return self.forms(value)


class NameScorer(ScalarScorer):
    """Scores names of the ``paper`` schema, or objects with a ``name``."""

    def key(self, value: Any) -> Key:
        return name_key(_name_of(value))

    def forms(self, value: Any) -> list[str]:
        return [_name_of(form) for form in as_list(value)]


class UrlScorer(ScalarScorer):
    """Scores URLs, without scheme, "www.", ".git" and closing punctuation; an empty one is none."""

    def key(self, value: Any) -> Key:
        return scored_url(str(value))

    def is_given(self, value: Any) -> bool:
        return bool(value)


class SpeedupScorer(Scorer):
    """Scores speedups of the ``paper`` schema by numbers and unit, not by their words."""

    def key(self, value: Any) -> Key:
        low, high = float(value["value"]), value.get("value_max")
        return low, None if high is None or float(high) == low else float(high), value["unit"]

    def gold_keys(self, value: Any) -> frozenset[Key]:
        return frozenset([self.key(value)])

    def forms(self, value: Any) -> list[str]:
        unit, high = value["unit"], value.get("value_max")
        low = f"{_plain(value['value'])}{unit}"
        return [low if high is None else f"{low} to {_plain(high)}{unit}"]

    def words(self, value: Any) -> list[str]:
        return [value["quote"]] if value.get("quote") else []


@dataclass(frozen=True, slots=True)
class ObjectScorer(Scorer):
    """Scores objects that ``identity`` fields tell from others; ``quote`` holds their words."""

    identity: tuple[str, ...] = ()
    quote: str | None = None

    def key(self, value: Any) -> Key:
        value = _object(value)
        return tuple(scalar_key(value[name]) for name in self.identity)

    def gold_keys(self, value: Any) -> frozenset[Key]:
        value = _object(value)
        accepted = (as_list(value[name]) or [None] for name in self.identity)
        return frozenset(product(*(map(scalar_key, forms) for forms in accepted)))

    def forms(self, value: Any) -> list[str]:
        names = self.identity or value
        return [", ".join(f"{n}={'|'.join(map(_plain, as_list(value[n])))}" for n in names)]

    def words(self, value: Any) -> list[str]:
        names = (self.quote, *self.identity) if self.quote else self.identity
        forms = (form for name in names for form in as_list(value.get(name)))
        return [form for form in forms if isinstance(form, str)]


PAPER_SCORERS: tuple[Scorer, ...] = (
    NameScorer("method_name"),
    SpeedupScorer("claimed_speedups", many=True),
    NameScorer("benchmarks", many=True),
    NameScorer("hardware", many=True),
    UrlScorer("code_url"),
)
"""The scorers of the ``paper`` schema, which has its own; those of any other are derived."""


def scalar_key(value: object) -> Key:
    """The key of one JSON value; raises TypeError for an array or object.

    Texts of any script are told apart by letters, marks, digits, "+" and "#", without case; one
    that holds none of these ("%") is its own key.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} cannot be compared")
    folded = unicodedata.normalize("NFKC", value).casefold()
    kept = (c for c in folded if c.isalnum() or c in "+#" or unicodedata.category(c)[0] == "M")
    return "".join(kept) or folded.strip()


def as_list(value: Any) -> list[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def _list_of(value: Any) -> list[Any]:
    """The list that should be there; null counts as an empty one."""
    if value is None or isinstance(value, list):
        return value or []
    raise TypeError(f"{type(value).__name__} where a list should be")


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} where an object should be")
    return value


def _name_of(value: Any) -> str:
    name = value["name"] if isinstance(value, Mapping) else value
    if not isinstance(name, str):
        raise TypeError(f"{type(name).__name__} where a name should be")
    return name


def _plain(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
