"""Time and truth of grounding, beside what other tools do with the same values.

    python benchmarks/grounding.py

Prints the median time a value takes on an abstract of 1,100 characters, and what each tool
accepts of ten values, half of them false. Other tools are asked where they are installed
(``pip install langextract "instructor>=1.17"``), and named "not installed" where they are not.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict

from extractor.grounding import NumberIn, SourceText, UnitIn, Url, Verbatim, find, ground, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    Finder = Callable[[str, str], str | None]

TITLE = "Heron: Sparse Attention for Long Inputs on Small Devices"
ABSTRACT = (
    "Attention over long inputs is bound by memory traffic rather than by arithmetic. We present "
    "Heron, an attention kernel that keeps only the blocks which a cheap estimate marks as "
    "relevant, and fuses the estimate with the product itself. Heron needs no retraining and "
    "leaves the weights as they are. On an NVIDIA A100 (80GB) it is up to $3.2\\times$ faster "
    "than FlashAttention-2 at 64K tokens, and raises the end-to-end decoding throughput of "
    "LLaMA-3.1-8B by 1.8–2.4x; on a Jetson AGX Orin, where memory is shared, latency falls by "
    "35% on average. Against naïve block sparsity of the same density the estimate costs less "
    "than two percent of the time. Quality is kept: on Long-Range Arena, SCROLLS and the "
    "needle tests of RULER the loss is below 0.3 points, and on GSM8K there is none. We also show "
    "that the estimate can be computed two orders of magnitude more cheaply than exact scores "
    "when queries arrive in groups, “as they do in practice”, and study how its error grows with "
    "the length of the input. The kernels are written in Triton and run on any recent GPU. "
    "Our code and all measurements are at https://github.com/acme/heron."
)
EXACT = [
    "Heron", "NVIDIA A100 (80GB)", "FlashAttention-2", "SCROLLS", "GSM8K", "Jetson AGX Orin",
    "latency falls by 35% on average", "two orders of magnitude more cheaply than exact scores",
]  # fmt: skip
NORMALISED = [
    "heron", "A100 80GB", "up to 3.2x faster than FlashAttention-2", "Long Range Arena",
    "LLaMA 3.1 8B", "latency falls by 35 percent", "100x more cheaply", '"as they do in practice"',
]  # fmt: skip
MISSES = [
    "Egret", "H100", "FlashAttention-3", "SQuAD", "TPU v4", "9.2x faster than FlashAttention-2",
    "latency falls by 36% on average", "three orders of magnitude more cheaply",
]  # fmt: skip
REPEATS = 300


class Speedup(BaseModel):
    """One claim of a record."""

    quote: Annotated[str, Verbatim()]
    value: Annotated[float, NumberIn("quote")]
    value_max: Annotated[float | None, NumberIn("quote")] = None
    unit: Annotated[Literal["x", "%"], UnitIn("quote")]
    baseline: Annotated[str | None, Verbatim()] = None


class Fields(BaseModel):
    """A record like that of the built-in schema."""

    method_name: Annotated[str | None, Verbatim()] = None
    claimed_speedups: list[Speedup] = []
    benchmarks: list[Annotated[str, Verbatim()]] = []
    hardware: list[Annotated[str, Verbatim()]] = []
    code_url: Annotated[str | None, Url()] = None


RECORD: dict[str, Any] = {
    "method_name": "Heron",
    "claimed_speedups": [
        {"quote": "$3.2\\times$ faster than FlashAttention-2", "value": 3.2, "value_max": None,
         "unit": "x", "baseline": "FlashAttention-2"},
        {"quote": "latency falls by 35% on average", "value": 35.0, "value_max": None, "unit": "%",
         "baseline": None},
    ],
    "benchmarks": ["Long-Range Arena", "SCROLLS", "RULER", "GSM8K"],
    "hardware": ["NVIDIA A100", "Jetson AGX Orin"],
    "code_url": "https://github.com/acme/heron",
}  # fmt: skip


def main() -> None:
    """Run every measurement and print it."""
    print(f"Abstract of {len(ABSTRACT):,} characters; median time a value\n")
    _print_times()
    print("\nWhat is accepted, and on which words\n")
    _print_table(_load_cases())


def _print_times() -> None:
    rows: list[tuple[str, Callable[[str], object], Sequence[str]]] = [
        ("exact words", lambda value: find(value, ABSTRACT), EXACT),
        ("other notation", lambda value: find(value, ABSTRACT), NORMALISED),
        ("  first of its paper", lambda value: find(value, SourceText(ABSTRACT)), NORMALISED),
        ("not in the text", lambda value: find(value, ABSTRACT), MISSES),
        ("  first of its paper", lambda value: find(value, SourceText(ABSTRACT)), MISSES),
        ("  with the reason", _refuse, MISSES),
    ]
    for name, ask, values in rows:
        _print_row(name, _median(ask, values))
    _print_row("all numbers of the abstract", _median(numbers, [ABSTRACT]))
    _print_row("a new paper's record of 14 values", _median(_record_of, _new_papers(), repeats=1))
    for name, finder in (("langextract", _langextract()), ("instructor", _instructor())):
        for kind, values in (("exact", EXACT), ("other notation", NORMALISED), ("misses", MISSES)):
            _print_row(f"{name}, {kind}", _median_of(finder, values) if finder else None)


def _median_of(finder: Finder, values: Sequence[str]) -> float:
    return _median(lambda value: finder(value, ABSTRACT), values, repeats=5)


def _new_papers() -> list[str]:
    return [ABSTRACT + " " * blanks for blanks in range(300)]


def _record_of(abstract: str) -> object:
    return ground(Fields, RECORD, title=TITLE, abstract=abstract)


def _refuse(value: str) -> object:
    answer = {"method_name": value}
    return ground(Fields, answer, title=TITLE, abstract=ABSTRACT)


def _median(ask: Callable[[str], object], values: Sequence[str], repeats: int = REPEATS) -> float:
    """The median over ``values`` of the median over the repeats, in seconds."""
    return statistics.median(_time(ask, value, repeats) for value in values)


def _time(ask: Callable[[str], object], value: str, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        ask(value)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _print_row(name: str, seconds: float | None) -> None:
    shown = "not installed" if seconds is None else f"{seconds * 1e6:10,.1f} µs"
    print(f"  {name:38}{shown:>14}")


def _print_table(cases: ModuleType) -> None:
    finders: list[tuple[str, Finder | None]] = [
        ("Extractor", _extractor),
        ("langextract", _langextract()),
        ("instructor", _instructor()),
    ]
    print(f"  {'the model said':20}{'true?':7}" + "".join(f"{name:26}" for name, _ in finders))
    for value, true in cases.RIVALS_TABLE:
        verdicts = [_verdict(finder, value, cases.RIVALS_TEXT, true) for _, finder in finders]
        print(
            f"  {value:20}{'yes' if true else 'no':7}" + "".join(f"{each:26}" for each in verdicts)
        )


def _verdict(finder: Finder | None, value: str, text: str, true: bool) -> str:
    if finder is None:
        return "not installed"
    words = finder(value, text)
    if words is None:
        return "MISSED" if true else "rejected"
    return f"on “{words}”" if true else f"ACCEPTED on “{words}”"


def _extractor(value: str, text: str) -> str | None:
    span = find(value, text)
    return text[span.start : span.end] if span else None


def _langextract() -> Finder | None:
    if importlib.util.find_spec("langextract") is None:
        return None
    data = importlib.import_module("langextract.core.data")
    aligner = importlib.import_module("langextract.resolver").WordAligner()

    def finder(value: str, text: str) -> str | None:
        groups = aligner.align_extractions([[data.Extraction("value", value)]], text)
        found = groups[0][0].char_interval
        return text[found.start_pos : found.end_pos] if found else None

    return finder


def _instructor() -> Finder | None:
    if importlib.util.find_spec("instructor") is None or importlib.util.find_spec("regex") is None:
        return None
    from instructor.dsl.citation import CitationMixin

    class Cited(CitationMixin):
        model_config = ConfigDict(extra="ignore")

    def finder(value: str, text: str) -> str | None:
        answer = {"substring_quotes": [value]}
        cited = Cited.model_validate(answer, context={"context": text})
        return cited.substring_quotes[0] if cited.substring_quotes else None

    return finder


def _load_cases() -> ModuleType:
    path = Path(__file__).parent.parent / "tests" / "grounding_cases.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be read.")
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
