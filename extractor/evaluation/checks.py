"""Checks of an evaluation: thresholds that its figures must reach, and an earlier evaluation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from extractor.errors import DumpError, UsageError
from extractor.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from extractor.evaluation.figures import Evaluation

FIGURES = {"precision": "precision", "recall": "recall", "f1": "F1"}
"""The figures of a field that a threshold may be set for, and how they are called."""

_OVER_ALL = {"macro_f1": "macro F1", "exact": "exact records", "invention_rate": "invention rate"}
_LOWER_IS_BETTER = "invention_rate"
_NOISE = 1e-9  # of a sum of floats


class Threshold(NamedTuple):
    """The least that a figure of a field may be, from 0 to 1."""

    field: str
    figure: str
    least: float

    @classmethod
    def of(cls, text: str) -> Threshold:
        """Read ``FIELD=X`` (of F1) or ``FIELD.FIGURE=X``. Raises UsageError."""
        name, _, number = text.partition("=")
        field, _, figure = name.strip().partition(".")
        try:
            least = float(number)
        except ValueError:
            least = -1.0
        if not field or not 0 <= least <= 1:
            raise UsageError(
                f"The threshold {text!r} is not FIELD=X with X from 0 to 1.",
                hint="Example: benchmarks=0.8, or benchmarks.recall=0.8.",
            )
        if (figure or "f1") not in FIGURES:
            raise UsageError(
                f"The threshold {text!r} names no figure: {figure!r}.",
                hint=f"Known: {', '.join(FIGURES)}.",
            )
        return cls(field, figure or "f1", least)


def check_fields(thresholds: Iterable[Threshold], fields: Iterable[str]) -> None:
    """Raise UsageError where a threshold is set for a field that is not measured."""
    known = list(fields)
    for field in (each.field for each in thresholds):
        if field not in known:
            near = closest(field, known)
            meant = f"Did you mean {near!r}?" if near else f"Measured: {', '.join(known)}."
            raise UsageError(f"No field {field!r} is measured with this gold.", hint=meant)


def shortfalls(
    evaluation: Evaluation,
    *,
    thresholds: Iterable[Threshold] = (),
    min_f1: float | None = None,
    max_invented: float | None = None,
) -> Iterator[str]:
    """Say in a line each what does not reach its threshold.

    ``min_f1`` is the least macro F1, ``max_invented`` the highest invention rate over all fields.
    """
    if min_f1 is not None and (macro := evaluation.macro_f1.value) < min_f1:
        yield f"macro F1 {macro:.6g} is below {min_f1:g}"
    for field, figure, least in thresholds:
        value = getattr(evaluation.fields[field], figure).value
        if value < least:
            yield f"{FIGURES[figure]} of {field} {value:.6g} is below {least:g}"
    if max_invented is not None and (rate := evaluation.invention_rate.value) > max_invented:
        yield f"the invention rate {rate:.6g} is above {max_invented:g}"


class Change(NamedTuple):
    """A figure before and now; ``field`` is None for one over all fields.

    It is ``worse`` where it is so by more than what is tolerated.
    """

    field: str | None
    figure: str
    before: float
    now: float
    worse: bool

    @property
    def better(self) -> bool:
        """A higher figure is better, but for the invention rate."""
        return (self.now < self.before) == (self.figure == _LOWER_IS_BETTER)

    @property
    def label(self) -> str:
        """How the figure is called."""
        return f"{self.field} F1" if self.field else _OVER_ALL[self.figure]


@dataclass(frozen=True, slots=True)
class Against:
    """An evaluation beside an earlier one.

    ``changes`` are the figures that are not what they were, ``same`` counts the others;
    ``same_gold`` says that both were measured on as many papers and values of gold.
    """

    name: str
    tolerance: float
    changes: tuple[Change, ...]
    same: int
    only_before: tuple[str, ...]
    only_now: tuple[str, ...]
    same_gold: bool

    @property
    def worse(self) -> list[Change]:
        return [change for change in self.changes if change.worse]

    def to_dict(self) -> dict[str, Any]:
        """The changes as JSON values."""
        return {
            "file": self.name,
            "tolerance": self.tolerance,
            "changes": [change._asdict() for change in self.changes],
            "only_before": list(self.only_before),
            "only_now": list(self.only_now),
            "same_gold": self.same_gold,
        }


class Earlier(NamedTuple):
    """An earlier evaluation, as `Evaluation.to_dict` wrote it."""

    name: str
    fields: Mapping[str, Mapping[str, Any]]
    over_all: Mapping[str, Any]


def read_earlier(path: Path) -> Earlier:
    """Read what ``extractor eval --json`` printed. Raises DumpError for anything else."""
    try:
        row = json.loads(path.read_bytes())
        fields = {name: {**said, "f1": float(said["f1"])} for name, said in row["fields"].items()}
        over_all = {**row, **{name: float(row[name]) for name in _OVER_ALL}}
    except OSError as error:
        raise DumpError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DumpError(
            f"{path} holds no evaluation.",
            hint="Give a file with what 'extractor eval --json' printed.",
        ) from error
    return Earlier(path.name, fields, over_all)


def compare(evaluation: Evaluation, earlier: Earlier, tolerance: float = 0.0) -> Against:
    """Put F1 of every field, and the figures over all, beside those of an earlier evaluation."""
    now = evaluation.to_dict()
    both = [name for name in now["fields"] if name in earlier.fields]
    changes = [
        _change(name, "f1", earlier.fields[name]["f1"], now["fields"][name]["f1"], tolerance)
        for name in both
    ]
    changes += [
        _change(None, name, earlier.over_all[name], now[name], tolerance) for name in _OVER_ALL
    ]
    changed = tuple(each for each in changes if abs(each.now - each.before) > _NOISE)
    return Against(
        name=earlier.name,
        tolerance=tolerance,
        changes=changed,
        same=len(changes) - len(changed),
        only_before=tuple(name for name in earlier.fields if name not in now["fields"]),
        only_now=tuple(name for name in now["fields"] if name not in earlier.fields),
        same_gold=all(earlier.over_all.get(name) == now[name] for name in ("papers", "gold")),
    )


def _change(field: str | None, figure: str, before: float, now: float, tolerance: float) -> Change:
    loss = now - before if figure == _LOWER_IS_BETTER else before - now
    return Change(field, figure, before, now, worse=loss > tolerance + _NOISE)
