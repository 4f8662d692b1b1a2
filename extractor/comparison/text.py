"""Comparisons as plain text: totals, then fields, then papers with what changed in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from extractor.errors import harmless
from extractor.plain_text import columns, listed, printed, wrapped
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.comparison.compare import (
        Comparison,
        FieldDifference,
        PaperDifference,
        RunTotals,
    )
    from extractor.comparison.spending import Spending
    from extractor.comparison.values import Change

_MOST_CHARACTERS = 300


def difference_lines(found: Comparison, *, show: int = 10) -> Iterator[str]:
    """Yield a comparison line by line, with the changes of the first papers to ``show``."""
    yield harmless(f"before  {found.before.name}")
    yield harmless(f"after   {found.after.name}")
    yield ""
    yield from _totals(found)
    if found.fields:
        yield ""
        yield from _fields(found)
    notes = [*map(harmless, _notes(found))]
    if notes:
        yield ""
        yield from notes
    yield ""
    yield from _verdict(found)
    for paper in found.papers[:show]:
        yield from _paper(paper)
    if show and (more := len(found.papers) - show) > 0:
        yield ""
        yield f"... and {counted(more, 'more paper')}: --show {len(found.papers)} or --html OUT"


def _totals(found: Comparison) -> Iterator[str]:
    before, after = found.before, found.after
    rows = columns("before", "after", "difference")
    numbers = (
        ("records", before.records, after.records),
        ("failures", before.failures.total(), after.failures.total()),
        ("values", before.values.total(), after.values.total()),
        ("rejected values", before.rejected, after.rejected),
        ("prompt tokens", before.spending.prompt_tokens, after.spending.prompt_tokens),
        ("answer tokens", before.spending.completion_tokens, after.spending.completion_tokens),
    )
    for name, old, new in numbers:
        rows.add_row(name, f"{old:,}", f"{new:,}", f"{new - old:+,}" if old != new else "")
    costs = before.spending.cost, after.spending.cost
    if any(costs) or None in costs:
        rows.add_row("cost", *map(_dollars, costs), _dollar_difference(*costs))
    rows.add_row("model", _models(before.spending), _models(after.spending), "")
    yield from printed(rows)


def _dollars(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.4f}"


def _dollar_difference(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return ""
    return f"{'-' if new < old else '+'}${abs(new - old):,.4f}"


def _models(spending: Spending) -> str:
    names = [name for name, _ in spending.models.most_common() if name]
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else "-"


def _fields(found: Comparison) -> Iterator[str]:
    rows = columns("before", "after", "same", "added", "lost", "changed", "papers")
    for name, field in found.fields.items():
        rows.add_row(name, *_numbers(field))
    yield from printed(rows)


def _numbers(field: FieldDifference) -> Iterator[str]:
    for name, number in field.to_dict().items():
        quiet = not number and name not in ("before", "after", "same")
        yield "-" if quiet else f"{number:,}"


def _notes(found: Comparison) -> Iterator[str]:
    """What else a reader should know, a line each."""
    papers = (
        ("only before", found.only_before),
        ("only after", found.only_after),
        ("failed after, not before", found.failed),
        ("failed before, not after", found.recovered),
    )
    yield from (
        f"{said}: {counted(len(p), 'paper')}: {listed([paper.id for paper in p])}"
        for said, p in papers
        if p
    )
    if found.renamed:
        yield f"{counted(found.renamed, 'id')} with another title: these are different papers"
    fields = (("before", found.fields_only_before), ("after", found.fields_only_after))
    for when, names in fields:
        if names:
            yield f"fields only {when}, not compared: {', '.join(names)}"
    yield from _run_notes(found.before)
    yield from _run_notes(found.after)


def _run_notes(run: RunTotals) -> Iterator[str]:
    if run.failures:
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in run.failures.most_common())
        yield f"failures of {run.name}: {kinds}"
    if run.repeated:
        yield f"{run.name}: {counted(run.repeated, 'paper')} there more than once"
    if run.spending.unpriced:
        models = ", ".join(name or "no name" for name in run.spending.unpriced)
        yield f"cost of {run.name} unknown: give --price MODEL=IN,OUT for {models}"


def _verdict(found: Comparison) -> Iterator[str]:
    if found.same:
        yield f"No difference in {counted(found.both, 'paper')}."
    elif not found.both:
        yield "No paper has a record in both."
    elif not found.fields:
        yield f"{counted(found.both, 'paper')} in both, and no field."
    else:
        yield f"{len(found.papers):,} of {counted(found.both, 'paper')} in both differ."


def _paper(paper: PaperDifference) -> Iterator[str]:
    yield ""
    was = f" (was {paper.before_id})" if paper.before_id != paper.id else ""
    yield wrapped(f"{paper.id}{was}  ", paper.title or "(no title)", indent=0, hanging=4)
    for name, changes in paper.changes.items():
        yield harmless(f"  {name}")
        for change in changes:
            yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    if change.kind == "added":
        yield wrapped("+ ", readable(change.after), indent=4, hanging=6)
    elif change.kind == "lost":
        yield wrapped("- ", readable(change.before), indent=4, hanging=6)
    elif not change.keys:
        text = f"{readable(change.before)} -> {readable(change.after)}"
        yield wrapped("~ ", text, indent=4, hanging=6)
    else:
        yield wrapped("~ ", readable(_rest(change)), indent=4, hanging=6)
        for key in change.keys:
            text = f"{readable(change.before.get(key))} -> {readable(change.after.get(key))}"
            yield wrapped(f"{key}: ", text, indent=6, hanging=8)


def _rest(change: Change) -> dict[str, Any]:
    """What two objects have in common."""
    return {key: value for key, value in change.after.items() if key not in change.keys}


def readable(value: Any) -> str:
    """A value on one line, within bounds."""
    if isinstance(value, dict):
        said = {key: inner for key, inner in value.items() if inner not in (None, "", [])}
        text = ", ".join(f"{key}={readable(inner)}" for key, inner in said.items()) or "{}"
    elif isinstance(value, float):
        text = f"{value:g}"
    elif isinstance(value, str):
        text = " ".join(value.split())
    else:
        text = "nothing" if value is None else to_json(value).decode()
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."
