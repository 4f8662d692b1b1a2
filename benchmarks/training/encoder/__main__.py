"""Makes the encoder: trains it on annotated papers and writes ``encoder.onnx``.

README.md of benchmarks/training says from which data.
"""

from __future__ import annotations

import argparse
import functools
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from benchmarks.training.encoder import examples
from benchmarks.training.encoder.export import export
from benchmarks.training.encoder.fitting import Settings, score, train
from benchmarks.training.encoder.sampling import Row
from extractor.candidates.encoded import PAPER_FIELDS
from extractor.encoder.text import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.training.encoder.network import SpanNetwork

FOLDS, OWN_FOLDS = 3, 12


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.encoder", description=__doc__
    )
    path = functools.partial(parser.add_argument, type=Path, required=True)
    path("--examples", metavar="FILE", help="written by benchmarks.training.encoder.prepare")
    path("--base", metavar="FOLDER", help="all-MiniLM-L6-v2, as its authors publish it")
    path("--out", metavar="FOLDER")
    defaults = Settings()
    parser.add_argument("--epochs", type=float, default=defaults.epochs)
    parser.add_argument("--workers", type=int, default=defaults.workers)
    parser.add_argument(
        "--fold",
        type=int,
        choices=range(FOLDS),
        help="leave out a third of the records and a twelfth of the other papers, and score them",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _options(arguments)
    vocabulary = Vocabulary(Tokenizer.from_file(str(options.base / "tokenizer.json")))
    rows = [Row(each, vocabulary) for each in examples.load(options.examples)]
    own = [row for row in rows if not row.example.paper_id]
    paper = [row for row in rows if row.example.paper_id]
    settings = Settings(epochs=options.epochs, workers=options.workers)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fold is None:
        export(train(options.base, own, paper, settings), options.out / "encoder.onnx")
        shutil.copy(options.base / "tokenizer.json", options.out)
        return
    held = [*paper[options.fold :: FOLDS], *own[options.fold :: OWN_FOLDS]]
    titles = {row.example.title for row in held}
    own, paper = ([row for row in some if row.example.title not in titles] for some in (own, paper))
    network = train(options.base, own, paper, settings)
    _write_scores(network, held, options.out, options.fold)


def _write_scores(network: SpanNetwork, rows: Sequence[Row], out: Path, fold: int) -> None:
    """What the network says of each paper's spans, as lines of JSON: records, and other papers."""
    records = tuple(PAPER_FIELDS.values())
    fields = [records if row.example.paper_id else _names(row) for row in rows]
    files: dict[str, list[str]] = {"paper": [], "own": []}
    for row, names, found in zip(rows, fields, score(network, rows, fields), strict=True):
        spans = [
            [*row.text.characters(span), *(round(chance, 4) for chance in chances)]
            for span, chances in found.items()
        ]
        if row.example.paper_id:
            files["paper"].append(json.dumps({"id": row.example.paper_id, "spans": spans}))
        else:
            gold = [row.example.fields[name] for name in row.example.fields]
            files["own"].append(json.dumps({"fields": names, "gold": gold, "spans": spans}))
    for name, lines in files.items():
        path = out / f"{name}_scores{fold}.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _names(row: Row) -> tuple[str, ...]:
    return tuple(name.removesuffix("!") for name in row.example.fields)


if __name__ == "__main__":
    main()
