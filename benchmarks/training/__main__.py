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

from benchmarks.training.encoder.examples import lines
from benchmarks.training.fitting import Fitters, mine, train
from benchmarks.training.gold import Gold
from benchmarks.training.held_out import (
    FIELDS,
    HeldOut,
    blends,
    calibrations,
    f1_of,
    open_questions,
    stack_of,
    tune,
)

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
        nargs="+",
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
    path(
        "--scores",
        nargs="*",
        default=[_HERE / "encoder" / "paper_scores.jsonl.gz"],
        metavar="FILE",
        help="what encoders say of the papers that they were not trained on",
    )
    path("--out", required=True, metavar="FOLDER")
    path("--questions", metavar="FILE", help="write the questions about open names")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _options(arguments)
    pairs = [*options.gold, *((papers, options.annotations) for papers in options.annotated)]
    gold = Gold.read(pairs, options.scores)
    lexicon = mine(gold, gold.unlabelled(options.annotated, options.exclude))
    fitters = Fitters.of(gold, lexicon)
    classifier = train(fitters, lexicon, dict.fromkeys(FIELDS, _FIRST_THRESHOLD))
    held = HeldOut.of(gold, fitters)
    if (stack := stack_of(held)) is not None:
        classifier, held = replace(classifier, stack=stack), held.stacked(stack)
    classifier = replace(
        classifier, thresholds=tune(classifier, held), blend=blends(held, lines(options.answers))
    )
    classifier = replace(classifier, calibration=calibrations(classifier, held))
    classifier.save(options.out)
    if options.questions:
        asked = (json.dumps(each, ensure_ascii=False) for each in open_questions(held))
        options.questions.write_text("\n".join(asked) + "\n", encoding="utf-8")
    print(f"{'':18} threshold  held-out F1 of {', '.join(papers.name for papers, _ in pairs)}")
    for field in FIELDS:
        figures = (f1_of(classifier, held, field, part) for part in gold.parts)
        f1 = "  ".join(f"{figure:.3f}" for figure in figures)
        print(f"{field:18} {classifier.thresholds[field]:9.2f}  {f1}")


if __name__ == "__main__":
    main()
