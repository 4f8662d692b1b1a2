"""Writes the examples that the encoder is trained on, from annotations and the papers' dumps."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.encoder import examples
from benchmarks.training.encoder.paper_fields import paper_examples
from benchmarks.training.gold import Gold
from extractor.paper import Paper
from extractor.readers import read_dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).parent


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.encoder.prepare", description=__doc__
    )
    path = functools.partial(parser.add_argument, type=Path)
    path("--gold", nargs=2, action="append", default=[], metavar=("PAPERS", "RECORDS"))
    path("--annotated", nargs="+", required=True, metavar="PAPERS", help="JSON Lines of papers")
    path("--annotations", default=_HERE.parent / "annotations.jsonl.gz", metavar="RECORDS")
    path("--more", nargs="*", default=[], metavar="DUMP", help="dumps with papers of --fields")
    path("--fields", default=_HERE / "fields.jsonl.gz", metavar="RECORDS")
    path("--invented", default=_HERE / "invented.jsonl.gz", metavar="RECORDS")
    path("--out", required=True, metavar="FILE")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _options(arguments)
    pairs = [*options.gold, *((papers, options.annotations) for papers in options.annotated)]
    gold = Gold.read(pairs)
    dumps = (each for each in read_dumps([*options.annotated, *options.more]))
    papers = [paper for paper in dumps if isinstance(paper, Paper)]
    texts = {
        examples.paper_key(each.title, each.abstract): (each.title, each.abstract)
        for each in papers
    }
    rows = [*examples.lines(options.fields), *examples.lines(options.invented)]
    own = list(examples.own_fields(rows, texts))
    examples.save([*own, *paper_examples(gold)], options.out)
    print(f"{len(own)} of {len(rows)} papers with fields of many kinds, {len(gold.papers)} records")


if __name__ == "__main__":
    main()
