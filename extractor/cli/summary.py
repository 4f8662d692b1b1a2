"""The closing lines of a run: what it came to, what it used, and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.errors import resume_hint
from extractor.plurals import counted
from extractor.run.session import prices_of
from extractor.writers import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from extractor.llm.budget import Budget, Spent
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.prices import Prices
    from extractor.run.batch import Summary
    from extractor.run.progress import Status
    from extractor.run.settings import CallSettings


def closing_lines(
    summary: Summary,
    out: Path | None,
    notes: Iterable[str],
    *,
    left_out: int = 0,
    in_parts: bool = False,
) -> Iterator[str]:
    """What a run came to: counts first, then the ``notes``, then what went wrong.

    Of a run ``in_parts`` those that are complete are in the folder ``out`` in any case.
    """
    partial = f"{out}{PARTIAL}" if summary.papers else None
    written = out if summary.complete or in_parts else partial
    where = f" in {written}" if out and written else ""
    earlier = f", {summary.earlier:,} from an earlier attempt" if summary.earlier else ""
    yield (
        f"{counted(summary.records, 'record')}{where}, {counted(summary.failures, 'failure')}, "
        f"{summary.seconds:,.1f} s; {summary.cached:,} from the cache{earlier}"
    )
    yield from notes
    if left_out:
        yield (
            f"{counted(left_out, 'paper')} left out: no failure before, and no answer yet. "
            "Run without --retry-failed to extract them too."
        )
    yield from failure_lines(summary.kinds, summary.reasons)
    if summary.refused:
        refused = counted(summary.refused, "value")
        counts = summary.refused_in.most_common()
        fields = ", ".join(f"{name} {number:,}" for name, number in counts)
        yield f"{refused} rejected, each with its reason in meta.dropped: {fields}"
    if summary.unlikely is not None:
        yield unlikely_line(summary.unlikely, summary.unknown or 0)
    if not summary.complete and in_parts:
        yield f"{out} has the parts that are complete; what was answered of others is kept"
    elif not summary.complete and out:
        if partial:
            yield f"{out} was not changed; the results so far are in {partial}"
        else:
            yield f"{out} was not changed"
    if summary.interrupted:
        yield f"Interrupted. {resume_hint()}"


def end_event(summary: Summary, status: Status, out: Path | None) -> dict[str, Any]:
    """What a run came to, for a script."""
    return {
        "out": str(out) if out else None,
        "complete": summary.complete,
        "interrupted": summary.interrupted,
        "records": summary.records,
        "failures": summary.failures,
        "cached": status.cached,
        "earlier": status.earlier,
        "new": status.new,
        "refused": summary.refused,
        "prompt_tokens": summary.prompt_tokens,
        "completion_tokens": summary.completion_tokens,
        "cost": status.cost,
        "seconds": round(summary.seconds, 3),
        "failed": summary.kinds,
    }


def unlikely_line(left_out: int, unknown: int) -> str:
    """What --min-confidence came to."""
    line = f"{counted(left_out, 'value')} left out: confidence too low (see meta.dropped)"
    return f"{line}; {counted(unknown, 'value')} without one kept" if unknown else line


def usage_lines(budget: Budget, endpoint: Endpoint, calls: CallSettings) -> Iterator[str]:
    """The requests and tokens of this attempt, and of all attempts at this run, with their cost.

    Where no price is known, it is said how to give one.
    """
    spent, total = budget.spent, budget.earlier + budget.spent
    if not total.requests:
        return
    prices = None if endpoint.free else prices_of(endpoint, calls)
    if spent.requests:
        unknown = (
            f"; the price of {endpoint.model} at {endpoint.address} is not known: "
            "give --price-in and --price-out"
        )
        yield _usage(spent, prices) + ("" if prices or endpoint.free else unknown)
    if budget.earlier.requests:
        yield f"with earlier attempts at this run: {_usage(total, prices)}"


def failure_lines(kinds: Mapping[str, int], reasons: Mapping[str, str]) -> Iterator[str]:
    """How many papers failed in which way, and what the first of them met."""
    for kind, number in sorted(kinds.items()):
        first = "the first " if number > 1 else ""
        yield f"failed: {kind} {number:,}, {first}because: {reasons[kind]}"


def _usage(spent: Spent, prices: Prices | None) -> str:
    failed = f" ({spent.failed:,} failed)" if spent.failed else ""
    cached = f" ({spent.cached_tokens:,} cached)" if spent.cached_tokens else ""
    lost = f", at most {spent.lost_tokens:,} lost" if spent.lost_tokens else ""
    batch = spent.batch_prompt_tokens + spent.batch_completion_tokens
    by_batch = f", {counted(batch, 'token')} of these by batch" if batch else ""
    cost = f", ${spent.cost(prices):,.4f}" if prices else ""
    return (
        f"{counted(spent.requests, 'request')}{failed}: "
        f"{counted(spent.prompt_tokens, 'prompt token')}{cached}, "
        f"{counted(spent.completion_tokens, 'answer token')}{lost}{by_batch}{cost}"
    )
