"""Memory stays flat: many papers take what few take, also behind a slow first one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The benchmark, which measures a million."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("memory", BENCHMARKS / "memory.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "memory", module)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("throughput", None)


@pytest.mark.parametrize("case", ["gzip", "stdin", "slow head"])
def test_thirty_thousand_papers_take_what_three_thousand_take(memory: Any, case: str) -> None:
    few, many = memory.measure("plain", 3000), memory.measure(case, 30_000)
    assert many.bytes - few.bytes < 15 * 2**20
