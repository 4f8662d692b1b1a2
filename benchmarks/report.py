"""How long a report of many papers takes to write, to open and to filter, and what it weighs.

    python benchmarks/report.py [--papers 100000] [--records RECORDS --dump DUMP] [--keep DIR]

Writes synthetic records, unless some are given, makes a report of them and opens it in a
headless Chromium. Needs Chromium with its driver, and the package's ``test`` extra.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

Json = dict[str, Any]

_FIRST = (
    "Splice", "Loom", "Drift", "Quill", "Ember", "Tide", "Kite", "Moss", "Prism", "Relay",
    "Saber", "Terra", "Umber", "Vapor", "Wren",
)  # fmt: skip
_SECOND = (
    "Former", "Net", "Cache", "LM", "Diff", "Flow", "Mix", "Tune", "Spec", "Gauge", "Sched",
    "Vec", "Graph", "Core", "Path",
)  # fmt: skip
_SYLLABLES = "ta ne ri so mu lin der ves com pro al tor est ing ra tion".split()  # noqa: SIM905
_TASKS = (
    "long-context language models", "video diffusion transformers", "speculative decoding",
    "mixture-of-experts serving", "point cloud segmentation", "graph neural networks",
    "on-device speech recognition", "sparse attention kernels", "federated fine-tuning",
    "retrieval-augmented generation", "visual-inertial odometry", "molecular dynamics",
    "neural rendering of city-scale scenes", "test-time adaptation", "low-rank fine-tuning",
)  # fmt: skip
_HOW = (
    "Cutting the Cost of", "Rethinking", "Efficient", "Hardware-Aware Scheduling for",
    "Training-Free Acceleration of", "Scaling", "A Unified Framework for", "Robust",
)  # fmt: skip
_BENCHMARKS = (
    "ImageNet-1K", "COCO", "ADE20K", "GLUE", "MMLU", "GSM8K", "LongBench", "HumanEval", "KITTI",
    "ScanNet", "LibriSpeech", "WikiText-103", "VBench", "SQuAD", "Cityscapes", "ETTh1", "QM9",
)  # fmt: skip
_HARDWARE = (
    "NVIDIA A100", "NVIDIA H100", "RTX 4090", "Jetson AGX Orin", "TPU v4", "A100 GPU", "Apple M2",
    "NVidia H100", "H100 GPUs", "NVIDIA GeForce RTX 4090",
    "Raspberry Pi 5", "AMD MI300X", "Xilinx Alveo U280", "Snapdragon 8 Gen 3", "Cerebras WSE-2",
)  # fmt: skip
_BASELINES = ("FlashAttention-2", "vLLM", "PyTorch", "the dense baseline", "TensorRT", "DDIM")
_KINDS = ("inference", "throughput", "training", "latency", "runtime", "convergence")
_VENUES = ("NeurIPS", "ICML", "ICLR", "CVPR", "ACL", "ICRA", "MLSys", "KDD")
_ERRORS = (
    ("rate_limited", "Still rate limited after 6 tries. Run the same command again later."),
    ("timeout", "No answer within 120 seconds, after 6 tries."),
    ("invalid_response", "The answer is not JSON, even after the model was asked again."),
)  # fmt: skip


class _Text:
    """A text that grows, and knows where the words of values stand in it."""

    def __init__(self, source: str, evidence: list[Json]) -> None:
        self.text = ""
        self._source = source
        self._evidence = evidence

    def say(self, words: str, path: str | None = None) -> _Text:
        start = len(self.text)
        self.text += words
        if path:
            place = {"start": start, "end": len(self.text)}
            self._evidence.append({"path": path, "source": self._source, **place})
        return self


class Synthetic:
    """Papers that never were, with the records that a model would make of them."""

    def __init__(self, seed: int = 7, filler: int = 0) -> None:
        """Abstracts get so many made-up words, which pack as badly as those of real ones."""
        self._random = random.Random(seed)  # noqa: S311 -- texts for a benchmark
        self._words = [self._word() for _ in range(4000)] if filler else [""]
        self._filler = filler

    def _word(self) -> str:
        syllables = (self._random.choice(_SYLLABLES) for _ in range(self._random.randint(1, 4)))
        return "".join(syllables)

    def rows(self, count: int) -> Iterator[tuple[Json, Json | None, Json | None]]:
        """Yield so many papers, each with its record or its failure."""
        for number in range(1, count + 1):
            paper, record = self._paper(str(number))
            if self._random.random() < 0.006:
                yield paper, None, self._failure(paper)
            else:
                yield paper, record, None

    def _failure(self, paper: Json) -> Json:
        error, message = self._random.choice(_ERRORS)
        tries = self._random.randint(1, 6)
        named = {"id": paper["id"], "title": paper["title"]}
        return {**named, "error": error, "message": message, "tries": tries}

    def _paper(self, number: str) -> tuple[Json, Json]:
        chance, evidence = self._random, list[Json]()
        task = chance.choice(_TASKS)
        name = chance.choice(_FIRST) + chance.choice(_SECOND) if chance.random() < 0.8 else None
        title, abstract = _Text("title", evidence), _Text("abstract", evidence)
        if name:
            title.say(name, "method_name").say(": ")
        title.say(f"{chance.choice(_HOW)} {task.title()}")
        fields: Json = {"method_name": name}
        self._open(abstract, name, task)
        fields["claimed_speedups"] = self._speedups(abstract)
        fields["benchmarks"] = self._names(abstract, "benchmarks", _BENCHMARKS, 0.72, 4)
        fields["hardware"] = self._names(abstract, "hardware", _HARDWARE, 0.45, 2)
        fields["code_url"] = self._code(abstract, name)
        year = int(min(2026, max(2015, chance.gauss(2023, 2.4))))
        source = {
            "year": year,
            "venue": chance.choice(_VENUES),
            "url": f"https://example.org/{number}",
        }
        paper = {"id": number, "title": title.text, "abstract": abstract.text, **source}
        named = {"id": number, "title": title.text}
        traced = {"evidence": evidence, "meta": self._meta(abstract), "source": source}
        return paper, {**named, **fields, **traced}

    def _open(self, text: _Text, name: str | None, task: str) -> None:
        text.say(
            f"Recent progress in {task} comes at a price: compute, memory and energy grow faster "
            "than the quality that they buy, and much of the work is repeated from one input to "
            f"the next. We study where the time goes and present {name or 'a simple remedy'}, "
            "which keeps what can be reused, schedules what is left by how much it matters, and "
            "needs no change to the weights. A short analysis bounds the error that this brings "
            "in, and an ablation shows which of the parts carry the gain. "
        )
        text.say(" ".join(self._random.choices(self._words, k=self._filler)))

    def _speedups(self, text: _Text) -> list[Json]:
        count = self._random.choices((0, 1, 2, 3), (45, 35, 15, 5))[0]
        return [self._speedup(text, place) for place in range(count)]

    def _speedup(self, text: _Text, place: int) -> Json:
        chance, path = self._random, f"claimed_speedups[{place}]"
        kind = chance.choices(_KINDS, (30, 20, 20, 14, 10, 6))[0]
        percent = chance.random() < 0.25
        value = (
            float(chance.randint(12, 88))
            if percent
            else round(1 + chance.lognormvariate(0.7, 0.9), 1)
        )
        unit, up_to = "%" if percent else "x", chance.random() < 0.35
        baseline = chance.choice(_BASELINES) if chance.random() < 0.6 else None
        quote = f"{'up to ' if up_to else ''}{value:g}{unit} faster {kind}"
        text.say("It brings ").say(quote, f"{path}.quote")
        if baseline:
            text.say(" than ").say(baseline, f"{path}.baseline")
        text.say(" at the same quality. ")
        factor = round(1 + value / 100, 6) if percent else value
        claim = {"quote": quote, "value": value, "value_max": None, "unit": unit, "up_to": up_to}
        return {**claim, "kind": kind, "baseline": baseline, "factor": factor}

    def _names(
        self, text: _Text, field: str, names: tuple[str, ...], share: float, most: int
    ) -> list[str]:
        if self._random.random() > share:
            return []
        weights = [1 / (rank + 1) for rank in range(len(names))]
        drawn = self._random.choices(names, weights, k=self._random.randint(1, most))
        chosen = list(dict.fromkeys(drawn))
        text.say("Experiments on " if field == "benchmarks" else "All timings were taken on ")
        for place, name in enumerate(chosen):
            text.say(", " if place else "").say(name, f"{field}[{place}]")
        text.say(". ")
        return chosen

    def _code(self, text: _Text, name: str | None) -> str | None:
        if not name or self._random.random() > 0.4:
            return None
        url = f"https://github.com/example-lab/{name.lower()}"
        text.say("Code is at ").say(url, "code_url").say(".")
        return url

    def _meta(self, text: _Text) -> Json:
        dropped = [self._dropped()] if self._random.random() < 0.05 else []
        prompt = 900 + len(text.text) // 4
        tokens = {"prompt_tokens": prompt, "completion_tokens": self._random.randint(60, 190)}
        named = {"model": "qwen2.5-1.5b", "task": "paper@3f9c1d7a20be", "cached": False}
        return {**named, **tokens, "dropped": dropped}

    def _dropped(self) -> Json:
        field = self._random.choice(("hardware", "benchmarks", "claimed_speedups[0].baseline"))
        values = {"hardware": _HARDWARE, "benchmarks": _BENCHMARKS}.get(field, _BASELINES)
        path = field if "." in field else f"{field}[0]"
        reason = "not in the title or abstract"
        return {"path": path, "value": self._random.choice(values), "reason": reason}


class Files(NamedTuple):
    """What a run over a dump leaves."""

    dump: Path
    records: Path
    failures: Path


def write_synthetic(folder: Path, count: int, *, filler: int = 0) -> Files:
    """Write a dump of so many papers and what a run over it would leave."""
    files = Files(*(folder / f"{name}.jsonl" for name in ("papers", "records", "records.failures")))
    with (
        files.dump.open("w") as dump,
        files.records.open("w") as records,
        files.failures.open("w") as failures,
    ):
        for paper, record, failure in Synthetic(filler=filler).rows(count):
            dump.write(json.dumps(paper) + "\n")
            (records if record else failures).write(json.dumps(record or failure) + "\n")
    return files


def open_browser() -> Chrome:
    """Start a headless Chromium that reaches for nothing."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        "disable-dev-shm-usage", "window-size=1440,900", "enable-precise-memory-info",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    driver.set_script_timeout(60)
    return driver


# From the key's event to the next frame that shows what came of it.
_TYPE = """
const [text, done] = arguments, box = document.getElementById("search");
const begun = performance.now();
box.value = text;
box.dispatchEvent(new Event("input", {bubbles: true}));
const scripted = performance.now() - begun;
requestAnimationFrame(() => setTimeout(() => done([scripted, performance.now() - begun]), 0));
"""
_CLICK = """
const [selector, done] = arguments, begun = performance.now();
document.querySelector(selector).click();
const scripted = performance.now() - begun;
requestAnimationFrame(() => setTimeout(() => done([scripted, performance.now() - begun]), 0));
"""
_TIMES = """
const paint = performance.getEntriesByName("first-contentful-paint")[0];
const mark = (name) => performance.getEntriesByName(name)[0]?.startTime;
return [paint.startTime, mark("drawn"), mark("ready"),
        performance.getEntriesByType("navigation")[0].loadEventEnd,
        performance.memory.usedJSHeapSize];
"""
_QUERIES = ("s", "sp", "splice", "splice a100", "imagenet-1k jetson", "-jetson", "2x", "zzz", "")


def measure(page: Path) -> Iterator[tuple[str, str]]:
    """Open a report and yield what was measured, name and figure."""
    driver = open_browser()
    try:
        opened = [_open(driver, page) for _ in range(3)]
        first, drawn, ready, loaded, heap = map(statistics.median, zip(*opened, strict=True))
        yield "open: first paint", f"{first:,.0f} ms"
        yield "open: table and charts drawn", f"{drawn:,.0f} ms"
        yield "open: search prepared", f"{ready:,.0f} ms"
        yield "open: file read to its end", f"{loaded:,.0f} ms"
        typed = [driver.execute_async_script(_TYPE, query) for query in _QUERIES for _ in range(3)]
        yield "filter: one key, median", f"{statistics.median(t for _, t in typed):,.0f} ms"
        yield "filter: one key, slowest", f"{max(t for _, t in typed):,.0f} ms"
        time.sleep(1)
        sort = driver.execute_async_script(_CLICK, "th[data-key=title] button")
        yield "sort by title, first time", f"{sort[1]:,.0f} ms"
        again = driver.execute_async_script(_CLICK, "th[data-key=title] button")
        yield "sort by title, other way", f"{again[1]:,.0f} ms"
        yield "memory: JavaScript heap", f"{heap / 1e6:,.0f} MB"
        yield "memory: page's process", f"{_renderer_megabytes(driver):,.0f} MB"
    finally:
        driver.quit()


def _open(driver: Chrome, page: Path) -> list[float]:
    driver.get("about:blank")
    driver.get(page.as_uri())
    while driver.execute_script("return document.documentElement.dataset.state") != "ready":
        time.sleep(0.05)
    time.sleep(0.3)
    times: list[float] = driver.execute_script(_TIMES)
    return times


def _renderer_megabytes(driver: Chrome) -> float:
    """Resident memory of the largest renderer process of this browser (Linux)."""
    folder = driver.capabilities["chrome"]["userDataDir"]
    sizes = [0.0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text()
            status = (process / "status").read_text()
        except OSError:  # it ended, or is somebody else's
            continue
        if "--type=renderer" in command and folder in command:
            line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
            sizes.append(int(line.split()[1]) / 1e3)
    return max(sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a report of many papers.")
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--records", type=Path, help="measure these records, not synthetic ones")
    parser.add_argument("--dump", type=Path, help="the dump of --records")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the files there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if given.records:
            files = Files(given.dump, given.records, given.records.with_suffix(".failures.jsonl"))
        else:
            files = write_synthetic(folder, given.papers, filler=90)
        for name, figure in _measured(files, folder / "report.html"):
            print(f"| {name:32} | {figure:>12} |", flush=True)


def _measured(files: Files, page: Path) -> Iterator[tuple[str, str]]:
    from extractor.report import write_report

    failures = files.failures if files.failures.exists() else None
    begun = time.perf_counter()
    written = write_report(files.records, page, dump=files.dump, failures=failures)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e3
    )
    yield "papers", f"{written.papers:,}"
    yield "write", f"{seconds:,.1f} s"
    yield "write: peak memory", f"{peak:,.0f} MB"
    yield "size of the page", f"{written.size / 1e6:,.1f} MB"
    yield from measure(page)


if __name__ == "__main__":
    main()
