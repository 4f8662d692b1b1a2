"""Everything that docs/performance.md says, measured anew.

    python -m benchmarks [--quick] [--rivals PYTHON] [--write]

``--rivals`` names the Python of an environment with rivals in it
(``pip install flexllm 'async-batch-llm[openai]' llm``); without it they are left out. The
tables are printed; ``--write`` puts them into docs/performance.md and draws its picture.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

import bars
import cached
import memory
import startup
import store
import throughput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOCS = Path(__file__).parent.parent / "docs"
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    papers: int
    rounds: int
    late: int
    cached: int
    memory: int


FULL = Sizes(papers=8000, rounds=5, late=16_000, cached=100_000, memory=1_000_000)
QUICK = Sizes(papers=2000, rounds=1, late=2000, cached=20_000, memory=50_000)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks")
    options.add_argument("--quick", action="store_true", help="a tenth of it, in a minute or two")
    options.add_argument("--rivals", metavar="PYTHON", help="a Python with rivals installed")
    options.add_argument("--write", action="store_true", help="write docs/performance.md")
    chosen = options.parse_args()
    sizes = QUICK if chosen.quick else FULL
    at_once = throughput.measure(
        0.0, sizes.papers, sizes.rounds, _clients(chosen.rivals), chosen.rivals
    )
    lines = [*_machine(), "", *_at_once(at_once), ""]
    for part in (
        _late(sizes),
        _cached(sizes),
        _store(sizes),
        _memory(sizes),
        _startup(chosen.rivals),
    ):
        lines += [*part, ""]
    text = "\n".join(lines)
    print(text)
    if chosen.write:
        _write(text, at_once)


def _clients(rivals: str | None) -> Sequence[str]:
    return [
        *throughput.OWN,
        "extractor_without_store",
        *(throughput.RIVALS if rivals else ()),
    ]


def _machine() -> Iterator[str]:
    yield (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}; load {os.getloadavg()[0]:.1f} when it ended."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "| --- |" + " ---: |" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _at_once(measured: Sequence[throughput.Measured]) -> Iterator[str]:
    by_name = {each.name: each for each in measured}
    ceiling = by_name["aiohttp_alone"].rate
    instructor = by_name["instructor_over_openai"].rate
    yield "### A server that answers at once, 64 in flight"
    yield ""
    rows = [
        (
            throughput.NAMES[each.name],
            f"{each.rate:,.0f}",
            f"{each.processor:.2f}",
            f"{100 * each.rate / ceiling:.0f} %",
            f"{each.rate / instructor:.1f}",
        )
        for each in sorted(measured, key=lambda each: -each.rate)
    ]
    head = ("client", "papers/s", "CPU ms/paper", "of raw aiohttp", "x instructor over openai")
    yield from _table(head, rows)


def _late(sizes: Sizes) -> Iterator[str]:
    limit = throughput.IN_FLIGHT / 0.2
    clients = ("aiohttp_alone", "extractor")
    measured = throughput.measure(0.2, sizes.late, 1, clients, None)
    yield "### A server that takes 200 ms, 64 in flight"
    yield ""
    rows = [
        (throughput.NAMES[each.name], f"{each.rate:.0f}", f"{100 * each.rate / limit:.1f} %")
        for each in measured
    ]
    yield from _table(("client", "papers/s", f"of the limit of {limit:.0f}/s"), rows)


def _cached(sizes: Sizes) -> Iterator[str]:
    found = cached.measure(sizes.cached)
    yield "### All cached, from JSON Lines to JSON Lines"
    yield ""
    yield (
        f"{found.papers:,} papers in {found.seconds:.1f} s: "
        f"**{found.papers / found.seconds:,.0f} papers a second**; "
        f"{found.papers / found.command:,.0f} with the command's start and end."
    )


def _store(sizes: Sizes) -> Iterator[str]:
    yield "### Durable rows a second, by rows in a transaction"
    yield ""
    rows = [
        (str(each.batch), f"{each.bulk:,.0f}", f"{each.public:,.0f}")
        for each in store.measure(sizes.rounds)
    ]
    yield from _table(("rows", "bulk insert", "`Cache.transact()`"), rows)


def _memory(sizes: Sizes) -> Iterator[str]:
    yield "### The most memory of a run"
    yield ""
    base = memory.measure("plain", 10_000)
    rows = [("plain", "10,000", f"{base.bytes / 2**20:.0f} MiB", "")]
    for case in memory.CASES:
        peak = memory.measure(case, sizes.memory)
        more = (peak.bytes - base.bytes) / 2**20
        size = f"{peak.bytes / 2**20:.0f} MiB"
        rows.append((case, f"{peak.papers:,}", size, f"{more:+.0f} MiB"))
    yield from _table(("dump", "papers", "most memory", "beside 10,000"), rows)


def _startup(rivals: str | None) -> Iterator[str]:
    yield "### Start"
    yield ""
    rows = [(f"`{name}`", f"{took:.2f} s") for name, took in startup.measure(rivals).items()]
    yield from _table(("command", "wall clock"), rows)


def _write(text: str, at_once: Sequence[throughput.Measured]) -> None:
    page = DOCS / "performance.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    page.write_text(before + _BEGIN + "\n" + text + "\n" + _END + after, encoding="utf-8")
    picture = bars.draw([(throughput.NAMES[each.name].strip("*"), each.rate) for each in at_once])
    (DOCS / "performance.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
