"""Makes the classifier: mines the lexicon, fits the weights, sets the thresholds and blends.

README.md beside this file says from which data. The same data give the same bytes.
"""

from __future__ import annotations

import argparse
import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training.fitting import mine, train
from benchmarks.training.gold import Gold, lines
from benchmarks.training.held_out import FIELDS, HeldOut, blends, f1_of, open_questions, tune

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).parent
_FIRST_THRESHOLD = 0.4


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    path = functools.partial(parser.add_argument, type=Path)
    path(
        "--gold",
        nargs=2,
        action="append",
        required=True,
        metavar=("PAPERS", "RECORDS"),
        help="papers and their records, in the format of docs/evaluation.md",
    )
    path(
        "--annotated",
        required=True,
        metavar="PAPERS",
        help="the papers of --annotations; the lexicon is mined from those without a record",
    )
    path("--annotations", default=_HERE / "annotations.jsonl.gz", metavar="RECORDS")
    path("--answers", default=_HERE / "answers.jsonl.gz", help="what models answered")
    path(
        "--exclude",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="texts whose papers the lexicon must not see: figures are measured on them",
    )
    path("--out", required=True, metavar="FOLDER")
    path("--questions", metavar="FILE", help="write the questions about open names")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _options(arguments)
    gold = Gold.read([*options.gold, (options.annotated, options.annotations)])
    lexicon = mine(gold, gold.unlabelled(options.annotated, options.exclude))
    classifier = train(gold, lexicon, dict.fromkeys(FIELDS, _FIRST_THRESHOLD))
    held = HeldOut.of(gold, lexicon)
    classifier = replace(
        classifier, thresholds=tune(classifier, held), blend=blends(held, lines(options.answers))
    )
    classifier.save(options.out)
    if options.questions:
        asked = (json.dumps(each, ensure_ascii=False) for each in open_questions(held))
        options.questions.write_text("\n".join(asked) + "\n", encoding="utf-8")
    first = len(lines(options.gold[0][0]))
    for field in FIELDS:
        f1 = f1_of(classifier, held, field, range(first))
        print(f"{field:18} threshold {classifier.thresholds[field]:.2f}  held-out F1 {f1:.3f}")


if __name__ == "__main__":
    main()
