"""Scorers: what counts as right, one scorer for each field and one kind for each sort of value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol

from extractor.evaluation._keys import Key, claim_key, scalar_key, url_key
from extractor.names import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class GoldValue:
    """One value of gold: as it is written there, and the keys of every answer that is right."""

    said: Any
    keys: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What gold says of one field of one paper.

    Each of ``values`` is to be found, once; ``free`` ones count neither for nor against. With
    ``judged`` False nothing that is answered there counts.
    """

    values: tuple[GoldValue, ...] = ()
    free: tuple[GoldValue, ...] = ()
    judged: bool = True

    @property
    def absent(self) -> bool:
        """Gold has nothing here: whatever is answered is wrong."""
        return self.judged and not self.values and not self.free


@dataclass(frozen=True, slots=True)
class Answer:
    """One value of a record; ``path`` is its place there, such as "benchmarks[2]"."""

    path: str
    value: Any
    key: Key


@dataclass(frozen=True, slots=True)
class Verdict:
    """One field of one paper, scored. ``absent`` says that gold has nothing there."""

    right: int
    wrong: tuple[Answer, ...]
    missing: tuple[GoldValue, ...]
    absent: bool

    @property
    def exact(self) -> bool:
        return not self.wrong and not self.missing


class Kind(Protocol):
    """A sort of value: when two are the same, and how they read.

    Methods raise TypeError, ValueError or KeyError for a value that is not of this sort.
    """

    def is_given(self, value: Any) -> bool:
        """Whether a single answer says anything at all."""
        ...

    def key(self, value: Any) -> Key:
        """The key of an answer."""
        ...

    def keys(self, said: Any) -> frozenset[Key]:
        """The keys of the answers that a value of gold accepts."""
        ...

    def forms(self, value: Any) -> list[str]:
        """How the value, gold's or an answer's, reads to a person: every form that is right."""
        ...

    def words(self, value: Any) -> Iterator[str]:
        """What the paper may say for the value, gold's or an answer's, the likeliest first."""
        ...


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number or bool; gold gives the forms that are right, one or a list of them."""

    same: Callable[[Any], Key] = scalar_key

    def is_given(self, value: Any) -> bool:
        return value is not None

    def key(self, value: Any) -> Key:
        return self.same(value)

    def keys(self, said: Any) -> frozenset[Key]:
        return frozenset(map(self.same, _as_list(said)))

    def forms(self, value: Any) -> list[str]:
        return [_plain(form) for form in _as_list(value)]

    def words(self, value: Any) -> Iterator[str]:
        return iter(self.forms(value))


@dataclass(frozen=True, slots=True)
class Name(Scalar):
    """A name, or an object with a ``name``."""

    same: Callable[[Any], Key] = name_key

    def key(self, value: Any) -> Key:
        return self.same(_name_of(value))

    def forms(self, value: Any) -> list[str]:
        return [_name_of(form) for form in _as_list(value)]


@dataclass(frozen=True, slots=True)
class Address(Scalar):
    """A URL; an empty one says nothing."""

    same: Callable[[Any], Key] = url_key

    def is_given(self, value: Any) -> bool:
        return bool(value)


@dataclass(frozen=True, slots=True)
class Item:
    """An object that is told from others by some of its fields; ``quote`` holds its words."""

    fields: tuple[str, ...]
    quote: str | None = None

    def is_given(self, value: Any) -> bool:
        return value is not None

    def key(self, value: Any) -> Key:
        value = _object(value)
        return tuple(scalar_key(value[name]) for name in self.fields)

    def keys(self, said: Any) -> frozenset[Key]:
        said = _object(said)
        parts = (_as_list(said[name]) or [None] for name in self.fields)
        return frozenset(product(*(map(scalar_key, part) for part in parts)))

    def forms(self, value: Any) -> list[str]:
        parts = (f"{name}={_one_of(value[name])}" for name in self.fields or value)
        return [", ".join(parts)]

    def words(self, value: Any) -> Iterator[str]:
        names = (self.quote, *self.fields) if self.quote else self.fields
        for name in names:
            yield from (form for form in _as_list(value.get(name)) if isinstance(form, str))


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed speedup of the ``paper`` schema: its numbers and unit decide, not its words."""

    def is_given(self, value: Any) -> bool:
        return value is not None

    def key(self, value: Any) -> Key:
        return claim_key(value)

    def keys(self, said: Any) -> frozenset[Key]:
        return frozenset((claim_key(said),))

    def forms(self, value: Any) -> list[str]:
        unit, high = value["unit"], value.get("value_max")
        low = f"{_plain(value['value'])}{unit}"
        return [low if high is None else f"{low} to {_plain(high)}{unit}"]

    def words(self, value: Any) -> Iterator[str]:
        if value.get("quote"):
            yield value["quote"]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores one field: a list of values where ``many``, else one value or none."""

    field: str
    kind: Kind
    many: bool = False

    def want(self, values: Any, free: Any = ()) -> Wanted:
        """What gold says: ``free`` is True where the field is not judged.

        Raises TypeError, ValueError or KeyError where gold is no gold of this field.
        """
        if free is True:
            return Wanted(judged=False)
        said = _list_of(values) if self.many else _single(values)
        return Wanted(self._gold_values(said), self._gold_values(_list_of(free or None)))

    def score(self, wanted: Wanted, record: Mapping[str, Any]) -> Verdict:
        """The verdict on a record. Raises as `want` does where its field is no such field."""
        if not wanted.judged:
            return Verdict(0, (), (), absent=False)
        left = list(wanted.values)
        wrong = []
        for answer in self.answers(record):
            found = next((value for value in left if answer.key in value.keys), None)
            if found is not None:
                left.remove(found)
            elif not any(answer.key in value.keys for value in wanted.free):
                wrong.append(answer)
        right = len(wanted.values) - len(left)
        return Verdict(right, tuple(wrong), tuple(left), wanted.absent)

    def _gold_values(self, said: Sequence[Any]) -> tuple[GoldValue, ...]:
        return tuple(GoldValue(value, self.kind.keys(value)) for value in said)

    def answers(self, record: Mapping[str, Any]) -> list[Answer]:
        """The values that a record gives. Raises as `want` does."""
        value = record.get(self.field)
        if not self.many:
            given = self.kind.is_given(value)
            return [Answer(self.field, value, self.kind.key(value))] if given else []
        return [
            Answer(f"{self.field}[{place}]", item, self.kind.key(item))
            for place, item in enumerate(_list_of(value))
        ]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _list_of(value: Any) -> list[Any]:
    """The list that should be there; null counts as an empty one."""
    if value is None or isinstance(value, list):
        return value or []
    raise TypeError(f"{type(value).__name__} where a list should be")


def _single(values: Any) -> list[Any]:
    """Gold's one value: null and an empty list of forms say that there is none."""
    return [] if values is None or values == [] else [values]


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} where an object should be")
    return value


def _name_of(value: Any) -> str:
    name = value["name"] if isinstance(value, Mapping) else value
    if not isinstance(name, str):
        raise TypeError(f"{type(name).__name__} where a name should be")
    return name


def _one_of(value: Any) -> str:
    return "|".join(map(_plain, _as_list(value)))


def _plain(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
