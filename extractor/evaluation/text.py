"""Evaluations and mistakes as plain text of 80 columns, for a terminal, a file or a pipe."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rich.table import Table

from extractor.errors import harmless
from extractor.plain_text import columns, listed, printed, wrapped
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.evaluation.checks import Against, Change
    from extractor.evaluation.figures import Counts, Evaluation, Figure
    from extractor.evaluation.mistakes import FieldMistakes, PaperMistakes


def table(evaluation: Evaluation) -> Iterator[str]:
    """Yield the figures line by line: shares with their 95 % intervals, then counts."""
    shares = columns("precision", "recall", "F1")
    for name, field in evaluation.fields.items():
        shares.add_row(name, *map(_share, (field.precision, field.recall, field.f1)))
    shares.add_row("macro F1", "", "", _share(evaluation.macro_f1))
    counts = columns("gold", "right", "wrong", "missing", "rejected")
    counts.add_column("invented")
    for name, field in evaluation.fields.items():
        counts.add_row(name, *_numbers(field.counts, field.refused))
    counts.add_row("all", *_numbers(evaluation.counts, evaluation.refused))
    summary = Table.grid(padding=(0, 2, 0, 0))
    for name, *parts in _over_all(evaluation):
        summary.add_row(name, "; ".join(filter(None, parts)))
    reliability = (_reliability(evaluation), "") if evaluation.reliability.all else ()
    yield from printed(shares, "", counts, "", *reliability, summary)


def _reliability(evaluation: Evaluation) -> Table:
    """Of the values with about the same confidence, how many are right."""
    made = columns("confidence", "values", "mean", "right")
    reliability = evaluation.reliability
    for name, bands in (*reliability.fields.items(), ("all", reliability.all)):
        for at, (low, high, values, mean, right) in enumerate(bands):
            shown = "" if at else name
            made.add_row(shown, f"{low:g}-{high:g}", f"{values:,}", f"{mean:.2f}", f"{right:.2f}")
    return made


def _share(figure: Figure) -> str:
    return f"{figure.value:.3f} {figure.interval.low:.2f}-{figure.interval.high:.2f}"


def _numbers(counts: Counts, rejected: int) -> Iterator[str]:
    gold = counts.right + counts.missing
    for number in (gold, counts.right, counts.wrong, counts.missing, rejected):
        yield f"{number:,}"
    yield f"{counts.filled:,} of {counts.absent:,}" if counts.absent else "-"


def _over_all(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """The lines below the tables: a name, then the parts of its text."""
    papers, counts = len(evaluation.papers), evaluation.counts
    exact = sum(paper.exact for paper in evaluation.papers)
    yield "exact records", _share(evaluation.exact), f"{exact:,} of {counted(papers, 'paper')}"
    empty = f"{counts.filled:,} of {counted(counts.absent, 'empty field')}"
    invented = f"{empty}, {counted(counts.invented, 'value')}"
    yield "invention rate", _share(evaluation.invention_rate), invented
    spending = evaluation.spending
    prompt, completion = spending.prompt_tokens, spending.completion_tokens
    if prompt is not None and completion is not None:
        per_paper = f"{prompt / papers:,.0f} + {completion / papers:,.0f} a paper"
        yield "tokens", f"{prompt:,} prompt + {completion:,} completion", per_paper
    if spending.cost:
        each = spending.cost_per_right_value
        note = f"${each:.2g} a right value" if each is not None else ""
        yield "cost", f"${spending.cost:,.4f}", note
    if spending.seconds is not None:
        each = spending.seconds_per_right_value
        note = f"{each:,.2f} a right value" if each is not None else "from the cache"
        yield "seconds", f"{spending.seconds:,.1f}", note
    if missing := evaluation.without_record:
        count = counted(len(missing), "paper")
        yield "no record", f"{count} of gold, counted as empty: {listed(missing)}"
    if evaluation.without_gold:
        yield "no gold", f"{counted(evaluation.without_gold, 'record')}, left aside"


def against_lines(against: Against) -> Iterator[str]:
    """Yield what is better and worse than in an earlier evaluation, one figure a line."""
    yield ""
    yield f"against {against.name}"
    rows = columns("before", "now", "change")
    rows.add_column("")
    for each in against.changes:
        numbers = f"{each.before:.3f}", f"{each.now:.3f}", f"{each.now - each.before:+.3f}"
        rows.add_row(each.label, *numbers, _judgement(each))
    if against.changes:
        yield from printed(rows)
    yield f"{counted(against.same, 'figure')} as before"
    for names, said in ((against.only_before, "not measured now"), (against.only_now, "new")):
        if names:
            yield harmless(f"{said}: {', '.join(names)}")
    if not against.same_gold:
        yield f"{against.name} was measured on other gold: a change may be that of the gold"


def _judgement(change: Change) -> str:
    if change.better:
        return "better"
    return "worse" if change.worse else "worse, within the tolerance"


def mistake_lines(mistakes: Iterable[PaperMistakes]) -> Iterator[str]:
    """Yield every wrong paper, its wrong fields, and the sentences that decide."""
    for paper in mistakes:
        yield ""
        yield harmless(f"{paper.id}  {paper.title}".rstrip())
        if not paper.has_record:
            yield "  has no record"
        for name, field in paper.fields.items():
            yield f"  {name}"
            for label, text in _labelled(field, has_text=paper.has_text):
                yield wrapped(f"{label:10}", text, indent=4, hanging=14)


def _labelled(field: FieldMistakes, *, has_text: bool) -> Iterator[tuple[str, str]]:
    for label, values in (("gold", field.gold), ("answer", field.answer)):
        yield label, "; ".join(forms[0] for forms in values if forms) or "-"
    for label, mistakes in (("missing", field.missing), ("wrong", field.wrong)):
        # below the values of one sentence that sentence, once
        parts = itertools.groupby(mistakes, lambda each: each.passage and each.passage.sentence)
        for sentence, together in parts:
            for mistake in together:
                yield label, " | ".join(mistake.forms)
            if sentence:
                yield "", f'"{sentence}"'
            elif has_text:
                yield "", "(not in the text)"
    for value in field.refused:
        yield "rejected", f"{value.value} ({value.reason})"
