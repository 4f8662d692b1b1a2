"""Evaluations and mistakes as plain text, for a terminal of 80 columns."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.evaluation._evaluate import Evaluation
    from extractor.evaluation._figures import Counts, Figure
    from extractor.evaluation._mistakes import FieldMistakes, PaperMistakes, Slip
    from extractor.evaluation._spending import Spending

_WIDTH = 80
_FIGURE = 18
_COUNT = 9


def table(evaluation: Evaluation) -> Iterator[str]:
    """Yield the figures line by line: shares with their 95 % intervals, then counts."""
    first = max(16, *(len(name) + 2 for name in evaluation.fields))
    yield from _shares(evaluation, first)
    yield ""
    yield from _numbers(evaluation, first)
    yield ""
    yield from _over_all(evaluation)


def _shares(evaluation: Evaluation, first: int) -> Iterator[str]:
    heads = ("precision", "recall", "F1")
    yield f"{'':{first}}" + "".join(f"{head:>{_FIGURE}}" for head in heads)
    for name, field in evaluation.fields.items():
        yield f"{name:{first}}" + _figures(field.precision, field.recall, field.f1)
    yield f"{'macro F1':{first + 2 * _FIGURE}}" + _figures(evaluation.macro_f1)


def _figures(*figures: Figure) -> str:
    texts = (f"{f.value:.3f} {f.interval.low:.2f}-{f.interval.high:.2f}" for f in figures)
    return "".join(f"{text:>{_FIGURE}}" for text in texts)


def _numbers(evaluation: Evaluation, first: int) -> Iterator[str]:
    heads = ("gold", "right", "wrong", "missing", "refused")
    yield f"{'':{first}}" + "".join(f"{head:>{_COUNT}}" for head in heads) + "   invented"
    for name, field in evaluation.fields.items():
        yield f"{name:{first}}" + _counts(field.counts, field.refused)
    yield f"{'all':{first}}" + _counts(evaluation.counts, evaluation.refused)


def _counts(counts: Counts, refused: int) -> str:
    gold = counts.right + counts.missing
    numbers = (gold, counts.right, counts.wrong, counts.missing, refused)
    invented = f"   {counts.filled:,} of {counts.absent:,}" if counts.absent else "   -"
    return "".join(f"{number:>{_COUNT},}" for number in numbers) + invented


def _over_all(evaluation: Evaluation) -> Iterator[str]:
    papers = len(evaluation.papers)
    exact = sum(paper.exact for paper in evaluation.papers)
    counts = evaluation.counts
    yield _line("exact records", _share(evaluation.exact), f"{exact:,} of {papers:,} papers")
    yield _line(
        "invention rate",
        _share(evaluation.invention_rate),
        f"{counts.filled:,} of {counts.absent:,} empty fields, {_count(counts.invented, 'value')}",
    )
    yield from _spending_lines(evaluation.spending, papers)
    if missing := evaluation.without_record:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        papers_of_gold = f"{_count(len(missing), 'paper')} of gold"
        yield _line("no record", f"{papers_of_gold}, counted as empty: {shown}")
    if evaluation.without_gold:
        yield _line("no gold", f"{_count(evaluation.without_gold, 'record')}, left aside")


def _spending_lines(spending: Spending, papers: int) -> Iterator[str]:
    prompt, completion = spending.prompt_tokens, spending.completion_tokens
    if prompt is not None and completion is not None:
        per_paper = f"{prompt / papers:,.0f} + {completion / papers:,.0f} a paper"
        yield _line("tokens", f"{prompt:,} prompt + {completion:,} completion", per_paper)
    if spending.cost:
        per_value = spending.cost_per_right_value
        note = f"${per_value:.2g} a right value" if per_value is not None else ""
        yield _line("cost", f"${spending.cost:,.4f}", note)
    if spending.seconds is not None:
        per_value = spending.seconds_per_right_value
        note = f"{per_value:,.2f} a right value" if per_value is not None else "from the cache"
        yield _line("seconds", f"{spending.seconds:,.1f}", note)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _share(figure: Figure) -> str:
    return _figures(figure).strip()


def _line(name: str, *parts: str) -> str:
    return f"{name:16}" + "; ".join(part for part in parts if part)


def mistake_lines(mistakes: Iterable[PaperMistakes]) -> Iterator[str]:
    """Yield every wrong paper, its wrong fields, and the sentences that decide."""
    for paper in mistakes:
        yield ""
        yield f"{paper.id}  {paper.title}".rstrip()
        if not paper.has_record:
            yield "  has no record"
        for name, field in paper.fields.items():
            yield f"  {name}"
            yield from _field_lines(field, has_text=paper.has_text)


def _field_lines(field: FieldMistakes, *, has_text: bool) -> Iterator[str]:
    yield _labelled("gold", _shown(field.gold))
    yield _labelled("answer", _shown(field.answer))
    yield from _slip_lines("missing", field.missing, has_text=has_text)
    yield from _slip_lines("wrong", field.wrong, has_text=has_text)
    for refusal in field.refused:
        yield _labelled("refused", f"{refusal.value} ({refusal.reason})")


def _slip_lines(label: str, slips: Iterable[Slip], *, has_text: bool) -> Iterator[str]:
    """The values, and below those that stand in one sentence that sentence, once."""
    for sentence, together in itertools.groupby(slips, _sentence):
        for slip in together:
            yield _labelled(label, " | ".join(slip.forms))
        if sentence:
            yield _labelled("", f'"{sentence}"')
        elif has_text:
            yield _labelled("", "(not in the text)")


def _sentence(slip: Slip) -> str | None:
    return slip.passage.sentence if slip.passage else None


def _shown(values: Iterable[list[str]]) -> str:
    return "; ".join(forms[0] for forms in values if forms) or "-"


def _labelled(label: str, text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"    {label:9}",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )
