"""Every format: the same four papers come out of each fixture, however it is named or piped."""

from __future__ import annotations

import gzip
import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers import write_jsonl

from extractor.errors import DumpError, UsageError
from extractor.paper import Paper
from extractor.readers import Item, Unreadable, open_dump, read_dump, readers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DUMPS = Path(__file__).parent / "fixtures" / "dumps"
EXAMPLES = Path(__file__).parents[1] / "examples"

RUNNING = ["1", "2", "3", "4"]
ARXIV = ["2401.00011", "2401.00012", "2401.00013", "2401.00014"]
PUBMED = ["38000000", "38000001", "38000002", "38000003"]
WEB_OF_SCIENCE = [f"WOS:00000000000000{n}" for n in range(4)]
FIXTURES = {
    "plain.txt": ("text", RUNNING),
    "hub.txt": ("text", RUNNING),
    "latin1.txt": ("text", RUNNING),
    "utf16.txt": ("text", RUNNING),
    "arxiv-new.txt": ("text", ARXIV),
    "arxiv-search.txt": ("text", ARXIV),
    "arxiv-mail.txt": ("text", ARXIV),
    "papers.jsonl": ("jsonl", ARXIV),
    "arxiv.jsonl.gz": ("arxiv", ARXIV),
    "openalex.jsonl.bz2": ("openalex", ["W900", "W901", "W902", "W903"]),
    "semantic-scholar.jsonl": ("semantic-scholar", [digit * 40 for digit in "0123"]),
    "array.json.xz": ("json", ARXIV),
    "nested.json": ("json", ARXIV),
    "papers.csv": ("csv", ARXIV),
    "semicolon.csv": ("csv", ARXIV),
    "papers.tsv": ("tsv", ARXIV),
    "unquoted.tsv": ("tsv", ARXIV),
    "embase.csv": ("embase", [f"L20240000{n}" for n in RUNNING]),
    "papers.bib": ("bibtex", [f"key-2024-{n}" for n in RUNNING]),
    "papers.ris": ("ris", [f"ref{n}" for n in RUNNING]),
    "ovid.ris": ("ris", [f"ref{n}" for n in RUNNING]),
    "pubmed.nbib": ("ris", PUBMED),
    "eric.nbib": ("ris", [f"EJ{n}" for n in RUNNING]),
    "wos.txt": ("web-of-science", WEB_OF_SCIENCE),
    "wos-tab.txt": ("web-of-science-tab", WEB_OF_SCIENCE),
    "papers.enw": ("endnote", [f"ref{n}" for n in RUNNING]),
    "ovid.txt": ("ovid", [f"2024-0000{n}" for n in range(4)]),
    "proquest.txt": ("proquest", [f"15487163{n}" for n in range(4)]),
    "pubmed-abstract.txt": ("pubmed-text", PUBMED),
    "cnki.net": ("noteexpress", [f"ref{n}" for n in RUNNING]),
    "refworks.txt": ("refworks", RUNNING),
    "cochrane.txt": ("cochrane", [f"CN-0000000{n}" for n in RUNNING]),
    "scopus.txt": ("scopus-text", RUNNING),
    "pubmed.xml": ("pubmed", PUBMED),
    "arxiv.atom": ("atom", [f"{paper_id}v1" for paper_id in ARXIV]),
    "feed.rss": ("atom", ARXIV),
    "records.xml": ("oai", ARXIV),
    "headings.md": ("markdown", ARXIV),
    "list.md": ("markdown", ARXIV),
    "table.md": ("markdown", ARXIV),
    "digest.md": ("markdown", ARXIV),
    "details.md": ("markdown", ARXIV),
    "arxiv-list.html": ("html", ARXIV),
    "hub.html": ("html", ARXIV),
    "papers.parquet": ("parquet", ARXIV),
    "openreview.json": ("json", ARXIV),
    "keyed.json": ("json", ARXIV),
    "columns.json": ("json", ARXIV),
    "datacite.jsonl": ("jsonl", ARXIV),
    "printed.txt": ("jsonl", ARXIV),
    "anthology.xml": ("acl-anthology", ARXIV),
    "articles.nxml": ("jats", ARXIV),
    "grobid.tei": ("tei", ARXIV),
    "endnote.xml": ("endnote-xml", RUNNING),
    "records.mods": ("mods", ARXIV),
    "items.rdf": ("zotero-rdf", ARXIV),
    "awards.xml": ("nsf", ARXIV),
    "catalogue.xml": ("marc", ARXIV),
    "europe-pmc.xml": ("services", ARXIV),
    "papers.yaml": ("yaml", ARXIV),
    "papers.xlsx": ("xlsx", ARXIV),
}

every_fixture = pytest.mark.parametrize("name", FIXTURES)


@pytest.fixture(scope="module")
def expected() -> list[tuple[str, str]]:
    lines = (DUMPS / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [(paper["title"], paper["abstract"]) for paper in map(json.loads, lines)]


def texts(papers: Iterable[Item]) -> list[tuple[str, str]]:
    return [(paper.title or "", getattr(paper, "abstract", "")) for paper in papers]


def fail(entry: Unreadable) -> None:
    pytest.fail(f"unreadable: {entry}")


def test_every_fixture_is_tested() -> None:
    assert {path.name for path in DUMPS.iterdir()} == {*FIXTURES, "expected.jsonl"}


def test_every_format_has_a_fixture() -> None:
    assert {name for name, _ in FIXTURES.values()} == set(readers())


@every_fixture
def test_papers_and_ids_and_nothing_else(name: str, expected: list[tuple[str, str]]) -> None:
    format_name, ids = FIXTURES[name]
    with open_dump(DUMPS / name) as dump:
        assert dump.format == format_name
        papers = list(dump)
    assert all(isinstance(paper, Paper) for paper in papers), papers
    assert texts(papers) == expected
    assert [paper.id for paper in papers] == ids


@every_fixture
def test_recognised_under_a_wrong_suffix(
    name: str, tmp_path: Path, expected: list[tuple[str, str]]
) -> None:
    disguised = tmp_path / "dump.log"
    disguised.write_bytes((DUMPS / name).read_bytes())
    with open_dump(disguised) as dump:
        assert dump.format == FIXTURES[name][0]
        assert texts(read_dump(disguised, on_error=fail)) == expected


class Trickle(io.RawIOBase):
    """A pipe that hands over a little at a time and cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._data.readinto(buffer[:1000])


def pipe(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Trickle(data))))


@every_fixture
def test_recognised_in_standard_input(
    name: str, monkeypatch: pytest.MonkeyPatch, expected: list[tuple[str, str]]
) -> None:
    pipe((DUMPS / name).read_bytes(), monkeypatch)
    with open_dump("-") as dump:
        assert dump.format == FIXTURES[name][0]
        assert dump.size is None
        assert dump.name == "standard input"
        assert texts(dump) == expected
    assert not sys.stdin.closed


@every_fixture
def test_position_ends_at_the_size_of_the_file_as_it_lies_there(name: str) -> None:
    with open_dump(DUMPS / name) as dump:
        list(dump)
        assert dump.position == dump.size == (DUMPS / name).stat().st_size


WARM_EXPORT = {
    "categories": ["tides", "heat"],
    "doi": "10.1234/fjord.1",
    "venue": "Workshop on Warm Computing",
    "date": "2024",
    "url": "https://example.org/0",
}
WARM_PAPER = {
    "authors": ["Ada Winterberg", "Tomás Okafor"],
    "categories": ["tides", "heat"],
    "doi": "10.1234/fjord.1",
    "venue": "WORKSHOP ON WARM COMPUTING",
    "date": "2024 JAN 3",
}
METADATA = {
    "arxiv.jsonl.gz": {
        "authors": "Ada Winterberg, Tomás Okafor",
        "categories": ["cs.DC", "cs.LG"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024-01-03",
        "comments": "8 pages",
        "url": "https://arxiv.org/abs/2401.00011",
    },
    "openalex.jsonl.bz2": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["Tides"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024-01-03",
        "url": "https://openalex.org/W900",
    },
    "semantic-scholar.jsonl": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["Computer Science"],
        "doi": "10.1234/fjord.1",
        "arxiv_id": "2401.00011",
        "venue": "Workshop on Warm Computing",
        "date": "2024-01-03",
        "url": "https://www.semanticscholar.org/paper/0",
    },
    "papers.jsonl": {"venue": "Workshop on Warm Computing", "year": 2024},
    "papers.csv": {"Source title": "Workshop on Warm Computing", "DOI": "10.1234/fjord.1"},
    "papers.bib": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024",
        "url": "https://example.org/0",
    },
    "papers.ris": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["tides", "heat"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024",
    },
    "wos.txt": WARM_PAPER,
    "wos-tab.txt": WARM_PAPER,
    "papers.enw": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["tides", "heat"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024",
        "url": "https://example.org/0",
    },
    "eric.nbib": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["tides", "heat"],
        "doi": "10.1234/fjord.1",
        "venue": "Annals of Warm Computing",
        "date": "2024",
    },
    "digest.md": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "main category": "cs.DC",
        "tl;dr": "A sentence that a model wrote on the paper, for those who have no time to read "
        "what the authors say.",
        "motivation": "Racks and tides were not understood before, and nobody who depends on them "
        "could plan for the day ahead of them.",
        "method": "A model is fitted to what the sensors say, and is asked what they would say on "
        "another day.",
    },
    "details.md": {"authors": ["Ada Winterberg", "Tomás Okafor"]},
    "proquest.txt": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["Tides", "Heat"],
        "venue": "Annals of Warm Computing",
        "date": "2024",
    },
    "ovid.txt": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["tides", "heat"],
        "venue": "Annals of Warm Computing.   8(6):1-9, January 2024.",
    },
    "cnki.net": {**WARM_EXPORT, "authors": ["Ada Winterberg", "Tomás Okafor"]},
    "refworks.txt": {
        **WARM_EXPORT,
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "date": "2024 May 3",
    },
    "cochrane.txt": {**WARM_EXPORT, "authors": ["A Winterberg", "T Okafor"]},
    "scopus.txt": {**WARM_EXPORT, "authors": ["A. Winterberg", "T. Okafor"]},
    "pubmed-abstract.txt": {
        "authors": ["A Winterberg", "T Okafor"],
        "doi": "10.1234/fjord.1",
        "venue": "Ann Warm Comput",
        "date": "2024 Jan",
    },
    "pubmed.xml": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["Tides"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024 Jan",
        "url": "https://pubmed.ncbi.nlm.nih.gov/38000000/",
    },
    "arxiv.atom": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["cs.DC", "cs.LG"],
        "doi": "10.1234/fjord.1",
        "date": "2024-01-03T10:00:00Z",
        "url": "http://arxiv.org/abs/2401.00011v1",
    },
    "records.xml": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["cs.DC", "cs.LG"],
        "doi": "10.1234/fjord.1",
        "date": "2024-01-03",
    },
    "catalogue.xml": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["Tides"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024",
    },
    "europe-pmc.xml": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "categories": ["Tides"],
        "doi": "10.1234/fjord.1",
        "venue": "Workshop on Warm Computing",
        "date": "2024",
    },
    "papers.parquet": {"authors": ["Ada Winterberg", "Tomás Okafor"], "year": 2024},
    "hub.html": {
        "authors": ["Ada Winterberg", "Tomás Okafor"],
        "date": "2024-01-03T00:00:00.000Z",
    },
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_rides_along(name: str) -> None:
    assert next(read_dump(DUMPS / name)).source == METADATA[name]


@every_fixture
def test_metadata_is_json(name: str) -> None:
    for paper in read_dump(DUMPS / name):
        assert json.loads(json.dumps(paper.source, allow_nan=False)) == paper.source


def test_running_numbers_count_papers_only(tmp_path: Path) -> None:
    dump = write_jsonl(
        tmp_path / "dump.jsonl",
        [
            {"title": "One", "abstract": "First."},
            {"title": "Zero", "abstract": None},
            {"id": "own", "title": "Two", "abstract": "Second."},
            {"title": "Three", "abstract": "Third."},
        ],
    )
    failures: list[Unreadable] = []
    papers = list(read_dump(dump, on_error=failures.append))
    assert [paper.id for paper in papers] == ["1", "own", "3"]
    assert failures == [Unreadable(2, "There is no abstract.", None, "Zero")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"id": 7}, "7"),
        ({"ID": "x"}, "x"),
        ({"arxiv_id": "2401.1"}, "2401.1"),
        ({"paperId": "abc"}, "abc"),
        ({"doi": "10.1/x"}, "10.1/x"),
        ({"id": None, "doi": "10.1/x"}, "10.1/x"),
        ({"id": 7, "doi": "10.1/x"}, "7"),
        ({"id": True}, "1"),
    ],
)
def test_ids_under_their_usual_names(written: dict[str, object], read: str, tmp_path: Path) -> None:
    dump = write_jsonl(
        tmp_path / "dump", [written | {"title": "A title", "abstract": "An abstract."}]
    )
    assert next(read_dump(dump)).id == read


@pytest.mark.parametrize("title", ["title", "Title", "PAPER_TITLE", "articleTitle", "title_en"])
@pytest.mark.parametrize(
    "abstract", ["abstract", "summary", "paper_abstract", "abstractText", "Abstract Note"]
)
def test_fields_under_their_usual_names(title: str, abstract: str, tmp_path: Path) -> None:
    dump = write_jsonl(tmp_path / "dump", [{title: "A title", abstract: "An abstract.", "x": [1]}])
    assert next(read_dump(dump)) == Paper("1", "A title", "An abstract.", {"x": [1]})


def test_first_alias_that_holds_a_text_is_taken(tmp_path: Path) -> None:
    dump = write_jsonl(
        tmp_path / "dump", [{"title": "T", "abstract": None, "summary": "The text."}]
    )
    assert next(read_dump(dump)).abstract == "The text."


def test_title_of_the_journal_is_not_the_title(tmp_path: Path) -> None:
    dump = tmp_path / "dump.csv"
    dump.write_text("Journal Title,Title,Abstract\nJ,T,A\n")
    assert next(read_dump(dump)).title == "T"


def test_columns_that_the_caller_names(tmp_path: Path) -> None:
    named = {"title_column": "headline", "abstract_column": "teaser", "id_column": "nr"}
    objects = write_jsonl(
        tmp_path / "dump.jsonl", [{"headline": "T", "teaser": "A", "nr": 3, "title": ""}]
    )
    table = tmp_path / "dump.csv"
    table.write_text("nr,headline,teaser\n3,T,A\n")
    for dump in (objects, table):
        paper = next(read_dump(dump, options=named))
        assert (paper.id, paper.title, paper.abstract) == ("3", "T", "A")


def test_column_that_is_not_there(tmp_path: Path) -> None:
    table = tmp_path / "dump.csv"
    table.write_text("nr,headline,teaser\n3,T,A\n")
    with pytest.raises(DumpError, match=r"nr, headline, teaser.*title_column="):
        list(read_dump(table, format="csv"))


def test_unknown_option() -> None:
    with pytest.raises(UsageError, match=r"no option 'colour'"):
        open_dump(DUMPS / "papers.csv", options={"colour": "red"})


@pytest.mark.parametrize("name", ["plain.txt", "arxiv.jsonl.gz", "papers.bib"])
def test_option_that_the_format_cannot_use(name: str) -> None:
    with pytest.raises(UsageError, match=rf"{FIXTURES[name][0]} has no columns"):
        open_dump(DUMPS / name, options={"title_column": "title"})


def test_columns_rule_over_what_a_shape_of_objects_would_say(tmp_path: Path) -> None:
    work = {"id": "W1", "title": "T", "abstract_inverted_index": {"A": [0]}, "mine": "M"}
    dump = tmp_path / "dump"
    dump.write_text(json.dumps([work]))
    assert next(read_dump(dump, options={"abstract_column": "mine"})).abstract == "M"


def test_options_that_are_none_are_as_good_as_not_given() -> None:
    with open_dump(DUMPS / "plain.txt", options={"title_column": None}) as dump:
        assert len(list(dump)) == 4


def test_unknown_format_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no format 'docx'.*jsonl"):
        open_dump(DUMPS / "plain.txt", format="docx")


def test_the_name_settles_what_the_content_leaves_open(tmp_path: Path) -> None:
    rows = "".join(f"Words on {n},more words on {n}\n" for n in range(5))
    for suffix, format_name in ((".csv", "csv"), (".csv.gz", "csv"), (".txt", "text")):
        dump = tmp_path / f"dump{suffix}"
        data = rows.encode()
        dump.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
        with open_dump(dump) as opened:
            assert opened.format == format_name


def test_repeated_ids_stay_and_are_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dump = write_jsonl(tmp_path / "dump.jsonl", [*[{"id": "a", "title": "T", "abstract": "A"}] * 3])
    assert [paper.id for paper in read_dump(dump)] == ["a", "a", "a"]
    assert [record.message for record in caplog.records] == [
        f"{dump}: more than one paper has the id 'a'"
    ]


def test_unreadable_entries_are_logged_by_default(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dump = write_jsonl(
        tmp_path / "dump.jsonl", [{"title": "T", "abstract": "A"}, {"title": "No more"}]
    )
    with caplog.at_level(logging.WARNING, "extractor.readers"):
        assert len(list(read_dump(dump))) == 1
    assert [record.message for record in caplog.records] == [
        f"{dump}, line 2: There is no abstract."
    ]


def test_papers_come_before_the_dump_is_read_to_its_end(tmp_path: Path) -> None:
    paper = {"title": "T", "abstract": "A " * 500}
    dump = write_jsonl(tmp_path / "dump.jsonl", [*[paper] * 5000])
    with open_dump(dump) as opened:
        next(iter(opened))
        assert opened.size is not None
        assert 0 < opened.position < opened.size / 2


def test_example_reads_as_its_gold_says() -> None:
    papers = list(read_dump(EXAMPLES / "papers.txt", on_error=fail))
    lines = (EXAMPLES / "papers.gold.jsonl").read_text(encoding="utf-8").splitlines()
    gold = [json.loads(line) for line in lines]
    assert [paper.id for paper in papers] == [record["id"] for record in gold]
    for paper, record in zip(papers, gold, strict=True):
        assert 80 <= len(paper.abstract.split()) <= 200
        for words in _verbatim(record):
            assert words in paper.title or words in paper.abstract


def _verbatim(record: dict[str, object]) -> Iterator[str]:
    for value in record.values():
        if isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    yield each["quote"]
                    yield from each["baseline"]
                else:
                    yield from [each] if isinstance(each, str) else each


def test_no_heavy_import_before_a_dump_needs_it() -> None:
    program = (
        "import sys, extractor.readers as r; r.readers(); "
        "heavy = {'pyarrow', 'pylatexenc', 'backports.zstd', 'numpy'}; "
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
