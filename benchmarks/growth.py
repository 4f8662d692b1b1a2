"""How processor time grows with a hostile text, for every parser that a stranger's text reaches.

    python benchmarks/growth.py [--parser NAME] [--pattern TEXT] [--worst N]

Each of forty patterns is repeated to 1, 4, 16 and 64 thousand characters. The growth is how many
times more than four times as long a text of four times the length takes: 1 is linear, 4
quadratic. Times below a millisecond count as one, since they cannot hold anything up. A size that
takes longer than the limit is given up, and so are the longer ones. The exit status is 1 if any
growth is above 1.3.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import cache, partial
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel

from extractor.approaches.reading import AnswerReader
from extractor.candidates.claims import read_claim
from extractor.candidates.classifier import Classifier
from extractor.candidates.document import Document
from extractor.candidates.name_features import name_features
from extractor.candidates.quantity_features import quantity_features, url_features
from extractor.candidates.questions import questions
from extractor.candidates.spans import find_names, find_quantities, find_urls
from extractor.errors import ExtractorError
from extractor.grounding import NumberIn, SourceText, UnitIn, Url, Verbatim, find, ground, numbers
from extractor.grounding.match import nearest
from extractor.grounding.text import source_text
from extractor.grounding.urls import canonical_url
from extractor.llm.complaint import read_complaint
from extractor.llm.weights.catalog import DEFAULT_MODEL
from extractor.names import name_key
from extractor.readers import open_dump
from extractor.readers._formats import readers
from extractor.schemas.paper import PaperFields
from extractor.sentences import sentence_spans
from extractor.shorthand import is_shorthand, parse_shorthand
from extractor.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (1_000, 4_000, 16_000, 64_000)
MOST = 1.3
_FLOOR = 0.001
_LIMIT = 20.0
_REPEATS = 3

PATTERNS = (
    "1x ", "A1 ", "A-", "(A", "A/", "C++ ", "A (AB) ", "A. ", "a", "A", "Aa", "1", "1,", "1, ",
    "1.5% and ", "2 to 3 times ", "up to a factor of ", "two orders of magnitude ", "and ",
    "with respectively ", "the A of ", "called ", " ", "\n", ". \n", "\\", "\\textbf{", "{", "[[",
    "[a](", "(", ")", '"', '\\"', "$", "*", "__", "`", "&", "&amp;", "<", "<!--", "<![CDATA[",
    "<a ", "<p>", "</p>", "<script>", "https://", "http://a.b/", "github.com/", "a.github.io ",
    "x" + "\u0301", "\u200b", "数据", "ﬁ", "10^", "-", "@article{", '{"a":', "Title: a\n\n", "| a ",
    "# A\n", "- **A** ", "TI  - a\n", ":", "—", "A, B and C on D. ",
)  # fmt: skip
"""Forty kinds of repetition, and neighbours of some of them."""

# A document of each format around a text; the formats that are not here are plain text.
_WRAPPED: dict[str, Callable[[str], str]] = {
    "arxiv": lambda text: _json_line(text, categories="cs.LG", versions=[]),
    "atom": lambda text: (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>T</title>'
        f"<summary>{escape(text)}</summary></entry></feed>"
    ),
    "bibtex": lambda text: f"@article{{key,\n title = {{T}},\n abstract = {{{text}}}\n}}\n",
    "csv": lambda text: 'title,abstract\nT,"{}"\n'.format(text.replace('"', '""')),
    "html": lambda text: f"<html><body><h1>A Title of a Paper</h1><p>{text}</p></body></html>",
    "json": lambda text: f"[{_json_line(text)}]",
    "jsonl": lambda text: _json_line(text),
    "markdown": lambda text: f"# A Title of a Paper\n\n{text}\n",
    "oai": lambda text: (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><metadata>'
        '<dc xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title>'
        f"<dc:description>{escape(text)}</dc:description></dc></metadata></record></ListRecords>"
        "</OAI-PMH>"
    ),
    "openalex": lambda text: json.dumps(
        {"id": "W1", "title": "T", "abstract_inverted_index": _index(text)}
    ),
    "pubmed": lambda text: (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
        f"<ArticleTitle>T</ArticleTitle><Abstract><AbstractText>{escape(text)}</AbstractText>"
        "</Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"
    ),
    "ris": lambda text: f"TY  - JOUR\nTI  - T\nAB  - {text}\nER  - \n",
    "semantic-scholar": lambda text: _json_line(text, paperId="1", externalIds={}),
    "tsv": lambda text: "title\tabstract\nT\t{}\n".format(text.replace("\n", " ")),
}


class _Claim(BaseModel):
    quote: Annotated[str, Verbatim()]
    value: Annotated[float, NumberIn("quote")]
    unit: Annotated[str, UnitIn("quote")]


class _Fields(BaseModel):
    name: Annotated[str | None, Verbatim()] = None
    claims: list[_Claim] = []
    count: Annotated[int | None, NumberIn()] = None
    url: Annotated[str | None, Url()] = None


class _TooLong(Exception):
    pass


def parsers() -> dict[str, Callable[[str], object]]:
    """Each parser by name, as a function of the hostile text."""
    found: dict[str, Callable[[str], object]] = {
        "sentences": sentence_spans,
        "numbers": numbers,
        "normal form": lambda text: SourceText(text).normalised.folded,
        "words": lambda text: SourceText(text).words,
        "URLs of a text": lambda text: (SourceText(text).urls, find_urls(Document("", text))),
        "name candidates": lambda text: find_names(Document("", text)),
        "names in a title": lambda text: find_names(Document(text, "")),
        "quantity candidates": lambda text: find_quantities(Document("", text)),
        "name features": _name_features,
        "quantity features": _quantity_features,
        "URL features": _url_features,
        "candidates, whole": _candidates,
        "ground a quote that is not there": lambda text: _ground(text + " zebra", text),
        "ground half of a text": _ground_half,
        "ground a text as it stands": lambda text: _ground(text, text),
        "ground a short value": lambda text: _ground("Zebra fish 9000", text),
        "ground in a short text": lambda text: _ground(text, "We present Zebra, 3x faster."),
        "ground many values": lambda text: _ground_many(text),
        "nearest words": lambda text: nearest(text[::-1], (SourceText(text),)),
        "find a URL": lambda text: find(text, text, url=True),
        "find a URL that is not there": lambda text: find(f"https://x.org/{text}", text, url=True),
        "canonical URL": canonical_url,
        "name key": name_key,
        "shorthand": _shorthand,
        "closest word": lambda text: closest(text, ("float", "int")),
        "reply": lambda text: _reply(text),
        "reply with the text as a value": lambda text: _reply(json.dumps({"name": text})),
        "fenced reply": lambda text: _reply(f"Here:\n```json\n{text}\n```"),
        "error message": lambda text: read_complaint(text.encode()),
        "format recognition": _recognise,
    }
    for name in readers():
        if name != "parquet":
            found[f"{name} reader"] = partial(_read, name)
        if name in _WRAPPED:
            found[f"{name} reader, inside"] = partial(_read_inside, name)
    return found


def _json_line(text: str, **more: Any) -> str:
    return json.dumps({"id": "1", "title": "T", "abstract": text, **more}) + "\n"


def _index(text: str) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        index.setdefault(word, []).append(place)
    return index


@cache
def _dump_file() -> Path:
    return Path(tempfile.mkdtemp(prefix="growth-")) / "dump"


def _read(name: str | None, text: str) -> object:
    _dump_file().write_text(text, encoding="utf-8")
    with suppress(ExtractorError), open_dump(_dump_file(), format=name) as dump:
        return list(dump)
    return None


def _read_inside(name: str, text: str) -> object:
    return _read(name, _WRAPPED[name](text))


def _recognise(text: str) -> object:
    _dump_file().write_text(text, encoding="utf-8")
    with suppress(ExtractorError), open_dump(_dump_file()):
        pass
    return None


@cache
def _classifier() -> Classifier:
    return Classifier.load()


def _name_features(text: str) -> object:
    document = Document("", text)
    return name_features(document, find_names(document), _classifier().lexicon)


def _quantity_features(text: str) -> object:
    document = Document("", text)
    return quantity_features(document, find_quantities(document))


def _url_features(text: str) -> object:
    document = Document("", text)
    return url_features(document, find_urls(document))


def _candidates(text: str) -> object:
    scored = _classifier().score("A title", text)
    decided = _classifier().decide(scored)
    asked = questions(scored, _classifier().blend_for(DEFAULT_MODEL))
    return decided, asked, [read_claim(scored.document, each) for each in scored.quantities]


def _ground(value: str, text: str) -> object:
    claim = {"quote": value, "value": 9.75, "unit": "x"}
    values = {"name": value, "claims": [claim], "count": 7, "url": None}
    return ground(_Fields, values, title="T", abstract=text)


def _ground_half(text: str) -> object:
    """Half the repeats but for the last character, so that every size is cut at one place."""
    period = (text + text).find(text, 1)
    return _ground(text[: len(text) // period // 2 * period - 1], text)


def _ground_many(text: str) -> object:
    names = text.split(" ")
    values = {"benchmarks": names, "hardware": names, "claimed_speedups": [], "method_name": None}
    return ground(PaperFields, values, title="T", abstract="We present Zebra, 3x faster.")


def _shorthand(text: str) -> object:
    with suppress(ExtractorError):
        return is_shorthand(text), parse_shorthand(text)
    return None


def _reply(text: str) -> object:
    with suppress(ValueError):
        return AnswerReader(_Fields, ["Fields"]).read(text)
    return None


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def measure(parser: Callable[[str], object], pattern: str, limit: float) -> list[float]:
    """Processor seconds for each of `SIZES`, infinite where the limit was passed."""
    times: list[float] = []
    for size in SIZES:
        text = pattern * (size // len(pattern))
        gc.collect()
        try:
            with _limit(limit):
                times.append(min(_time(parser, text) for _ in range(_REPEATS)))
        except _TooLong:
            times += [float("inf")] * (len(SIZES) - len(times))
            break
    return times


def _time(parser: Callable[[str], object], text: str) -> float:
    source_text.cache_clear()
    gc.disable()
    try:
        started = time.process_time()
        parser(text)
        return time.process_time() - started
    finally:
        gc.enable()


def growth(times: list[float]) -> float:
    """How much faster than linear the time grows at worst; infinite where the limit was passed."""
    if times[-1] == float("inf"):
        return times[-1]
    bounded = [max(_FLOOR, each) for each in times]
    rates = [each / size for each, size in zip(bounded, SIZES, strict=True)]
    return max(later / before for before, later in pairwise(rates))


def main() -> int:
    """Measure, print a line for each parser and its worst patterns, and say whether all hold."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--parser", help="only the parsers with this in their name")
    options.add_argument("--pattern", help="only this pattern")
    options.add_argument("--worst", type=int, default=1, help="patterns shown for each parser")
    options.add_argument("--limit", type=float, default=_LIMIT, help="seconds for one size")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(1000)
    _classifier()
    gc.freeze()
    heads = "".join(f"{size // 1000:>8}k" for size in SIZES)
    print(f"{'parser':34}{'pattern':28}{heads}   growth")
    worst = 0.0
    for name, parser in parsers().items():
        if chosen.parser and chosen.parser not in name:
            continue
        rows = []
        for pattern in [chosen.pattern] if chosen.pattern else PATTERNS:
            times = measure(parser, pattern, chosen.limit)
            times = times if growth(times) <= MOST else _again(parser, pattern, chosen.limit, times)
            rows.append((growth(times), times[-1], pattern, times))
        rows.sort(reverse=True)
        worst = max(worst, rows[0][0])
        above = sum(row[0] > MOST for row in rows)
        for rate, _, pattern, times in rows[: max(chosen.worst, 1)]:
            shown = "".join(f"{each * 1000:8.1f}m" for each in times)
            note = f"   {above} above {MOST}" if above else ""
            print(f"{name:34}{pattern!r:28}{shown}{rate:9.2f}{note}", flush=True)
    print(f"\nworst growth: {worst:.2f} times linear; {os.getloadavg()[0]:.1f} load")
    return worst > MOST


def _again(
    parser: Callable[[str], object], pattern: str, limit: float, first: list[float]
) -> list[float]:
    """The better of two measurements: another process may have disturbed the first."""
    if first[-1] == float("inf"):
        return first
    return [min(pair) for pair in zip(first, measure(parser, pattern, limit), strict=True)]


if __name__ == "__main__":
    raise SystemExit(main())
