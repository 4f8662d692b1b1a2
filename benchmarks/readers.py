"""Processor time of reading dumps, beside the library that one would take for each format.

    python benchmarks/readers.py [--megabytes 50] [--rounds 3] [--only FORMAT] [--write]

A dump of each format is made (`dumps.py`), a fifth of it as well, and both are read to titles and
abstracts, each time in a process of its own; a library gets the smaller one. All take turns.
Libraries that are not installed are left out with a word:

    pip install orjson ijson pandas rispy 'bibtexparser>=2' lxml selectolax

``--write`` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dumps

from extractor.paper import Paper
from extractor.readers import open_dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Counter = Callable[[Path], int]

DOCS = Path(__file__).parent.parent / "docs"
_BEGIN, _END = "<!-- readers: begin -->\n", "<!-- readers: end -->\n"
_OWN = "Extractor"


def own(path: Path) -> int:
    with open_dump(path) as dump:
        return sum(isinstance(item, Paper) for item in dump)


def json_lines(path: Path) -> int:
    return _json_lines(path, json.loads)


def orjson_lines(path: Path) -> int:
    import orjson

    return _json_lines(path, orjson.loads)


def _json_lines(path: Path, loads: Callable[[bytes], Any]) -> int:
    with path.open("rb") as file:
        return sum(_is_paper(loads(line)) for line in file)


def json_array(path: Path) -> int:
    with path.open("rb") as file:
        return sum(map(_is_paper, json.load(file)))


def ijson_array(path: Path) -> int:
    import ijson

    with path.open("rb") as file:
        return sum(map(_is_paper, ijson.items(file, "item")))


def csv_rows(path: Path) -> int:
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        return sum(map(_is_paper, csv.DictReader(file)))


def pandas_rows(path: Path) -> int:
    import pandas as pd

    return sum(map(_is_paper, pd.read_csv(path, dtype=str).to_dict("records")))


def rispy_entries(path: Path) -> int:
    import rispy

    with path.open(encoding="utf-8") as file:
        return sum(map(_is_paper, rispy.load(file)))


def rispy_web_of_science(path: Path) -> int:
    import rispy

    with path.open(encoding="utf-8") as file:
        entries = rispy.load(file, implementation=rispy.WokParser)
        return sum(bool(each["document_title"] and each["abstract"]) for each in entries)


def bibtexparser_entries(path: Path) -> int:
    from bibtexparser.entrypoint import parse_file

    library = parse_file(str(path))
    return sum(_is_paper(entry) for entry in library.entries)


def bibtexparser_latex(path: Path) -> int:
    from bibtexparser.entrypoint import parse_file
    from bibtexparser.middlewares import LatexDecodingMiddleware

    decoded = [LatexDecodingMiddleware()]
    library = parse_file(str(path), append_middleware=decoded)
    return sum(_is_paper(entry) for entry in library.entries)


def element_tree(path: Path) -> int:
    from xml.etree.ElementTree import iterparse

    return _xml_records(iterparse(path))  # noqa: S314 -- our own dump


def lxml_tree(path: Path) -> int:
    from lxml.etree import iterparse

    return _xml_records(iterparse(path))


def _xml_records(events: Iterator[Any]) -> int:
    papers = 0
    title = abstract = ""
    for _, element in events:
        name = element.tag.rpartition("}")[2]
        if name in ("title", "ArticleTitle"):
            title = "".join(element.itertext())
        elif name in ("abstract", "AbstractText"):
            abstract = "".join(element.itertext())
        elif name in ("record", "PubmedArticle"):
            papers += bool(title and abstract)
            element.clear()
    return papers


def pyarrow_rows(path: Path) -> int:
    import pyarrow.parquet

    batches = pyarrow.parquet.ParquetFile(path).iter_batches()
    return sum(_is_paper(row) for batch in batches for row in batch.to_pylist())


def selectolax_blocks(path: Path) -> int:
    from selectolax.lexbor import LexborHTMLParser

    articles = LexborHTMLParser(path.read_bytes()).css("article")
    return sum(
        bool(each.css_first("h3").text() and each.css_first("p").text()) for each in articles
    )


def _is_paper(row: Any) -> bool:
    return bool(row["title"] and row["abstract"])


RIVALS: dict[str, dict[str, Counter]] = {
    "JSON Lines": {"json": json_lines, "orjson": orjson_lines},
    "JSON array": {"json": json_array, "ijson": ijson_array},
    "CSV": {"csv": csv_rows, "pandas": pandas_rows},
    "RIS": {"rispy": rispy_entries},
    "BibTeX": {
        "bibtexparser": bibtexparser_entries,
        "bibtexparser, LaTeX decoded": bibtexparser_latex,
    },
    "PubMed XML": {"xml.etree": element_tree, "lxml": lxml_tree},
    "arXiv OAI XML": {"xml.etree": element_tree, "lxml": lxml_tree},
    "Markdown": {},
    "text": {},
    "Web of Science": {"rispy": rispy_web_of_science},
    "Parquet": {"pyarrow": pyarrow_rows},
    "HTML": {"selectolax": selectolax_blocks},
}


_ONCE = "bibtexparser, LaTeX decoded"
"""It takes a minute for what others read in a second."""


@dataclass(frozen=True)
class Dump:
    """One dump that was made."""

    path: Path
    papers: int
    megabytes: float


@dataclass(frozen=True)
class Row:
    """What was measured of one format, in megabytes a second of processor time."""

    name: str
    large: float
    small: float
    rivals: dict[str, float | None]


def main() -> None:
    options = argparse.ArgumentParser(description="Processor time of reading dumps")
    options.add_argument("--megabytes", type=float, default=50)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=RIVALS, action="append", help="a format")
    options.add_argument("--write", action="store_true", help="write docs/performance.md")
    options.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        _measure_here(*chosen.one)
        return
    rows = []
    for name in chosen.only or RIVALS:
        rows.append(measure(name, chosen.megabytes, chosen.rounds))
        print(_line(rows[-1]), flush=True)
    if chosen.write:
        _write(rows, chosen.megabytes)


def measure(name: str, megabytes: float, rounds: int) -> Row:
    """Let every reader of the format take turns; medians of the rounds."""
    rates: dict[str, list[float]] = defaultdict(list)
    rivals = {each: _is_installed(each) for each in RIVALS[name]}
    with tempfile.TemporaryDirectory() as folder:
        large = _made(name, Path(folder) / "large", megabytes)
        small = _made(name, Path(folder) / "small", megabytes / 5)
        for turn in range(rounds):
            rates["large"].append(_rate(name, _OWN, large))
            rates["small"].append(_rate(name, _OWN, small))
            for rival in filter(rivals.get, rivals):
                if not turn or rival != _ONCE:
                    rates[rival].append(_rate(name, rival, small))
    medians = {each: statistics.median(found) for each, found in rates.items()}
    return Row(
        name, medians["large"], medians["small"], {rival: medians.get(rival) for rival in rivals}
    )


def _made(name: str, path: Path, megabytes: float) -> Dump:
    papers = dumps.write(name, path, int(megabytes * 1e6))
    # A Parquet file is compressed: what counts is its text.
    return Dump(path, papers, megabytes if name == dumps.PARQUET else path.stat().st_size / 1e6)


def _is_installed(rival: str) -> bool:
    return importlib.util.find_spec(rival.split(",")[0]) is not None


def _rate(name: str, reader: str, dump: Dump) -> float:
    command = [sys.executable, __file__, "--one", name, reader, str(dump.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, papers = json.loads(done.stdout)
    if papers != dump.papers:
        raise SystemExit(f"{reader} finds {papers} papers in {name}, not {dump.papers}.")
    return float(dump.megabytes / seconds)


def _measure_here(name: str, reader: str, path: str) -> None:
    count = own if reader == _OWN else RIVALS[name][reader]
    with tempfile.TemporaryDirectory() as folder:
        # What is loaded once is loaded before the clock starts.
        warm = Path(folder) / "warm"
        dumps.write(name, warm, 30_000)
        count(warm)
    started = time.process_time()
    papers = count(Path(path))
    print(json.dumps([time.process_time() - started, papers]))


def _line(row: Row) -> str:
    rivals = ", ".join(
        f"{rival} {rate:.1f}" if rate else f"{rival} not installed"
        for rival, rate in row.rivals.items()
    )
    return f"| {row.name} | {row.large:.1f} | {row.small:.1f} | {rivals or '–'} |"


def _write(rows: Sequence[Row], megabytes: float) -> None:
    page = DOCS / "performance.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    table = [
        f"| format | {megabytes:.0f} MB | {megabytes / 5:.0f} MB | libraries, on "
        f"{megabytes / 5:.0f} MB |",
        "| --- | ---: | ---: | --- |",
        *map(_line, rows),
    ]
    after = rest.partition(_END)[2]
    text = "\n".join([before + _BEGIN, *table, "", _END + after])
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
