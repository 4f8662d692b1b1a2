"""Dumps that are broken, hostile or no dumps at all: one clear error each, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, base, open_dump, read_dump
from extractor.readers.json_stream import JsonScanner

if TYPE_CHECKING:
    from collections.abc import Callable

DUMPS = Path(__file__).parent / "fixtures" / "dumps"
GOOD = {"id": "g", "title": "A good title", "abstract": "A good abstract."}
GOOD_LINE = json.dumps(GOOD).encode() + b"\n"
MEBIBYTE = 2**20
BOUND = 80 * MEBIBYTE


def items_of(path: Path, data: bytes, **options: str) -> list[Paper | Unreadable]:
    path.write_bytes(data)
    with open_dump(path, **options) as dump:  # type: ignore[arg-type]
        return list(dump)


def peak_while(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"There is no file .*nowhere\.txt\. Check the path"):
        open_dump(tmp_path / "nowhere.txt")


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"is a folder, not a dump"):
        open_dump(tmp_path)


def test_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    dump = tmp_path / "dump"
    dump.write_bytes(GOOD_LINE)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DumpError, match=r"may not be read.*permissions"):
        open_dump(dump)


def test_path_that_no_file_can_have() -> None:
    with pytest.raises(DumpError, match=r"cannot be opened"):
        open_dump("dump\0.txt")


@pytest.mark.parametrize("format_name", [None, "jsonl"])
@pytest.mark.parametrize("data", [b"", gzip.compress(b""), b"\xef\xbb\xbf"])
def test_empty_file(data: bytes, format_name: str | None, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    dump.write_bytes(data)
    with pytest.raises(DumpError, match=r"is empty"):
        open_dump(dump, format=format_name)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04" + bytes(100), "archive .* is damaged: File is not a zip file"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF file"),
        (bytes(range(256)) * 10, "binary file of no known format"),
    ],
    ids=["zip", "pdf", "bytes"],
)
def test_file_that_is_no_text(data: bytes, what: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_bytes(data)
    with pytest.raises(DumpError, match=what):
        open_dump(dump)


@pytest.mark.parametrize(
    ("data", "format_name"),
    [
        (b" \n\n \n", "text"),
        (b"Home\n\nAbout\n\nContact\n", "text"),
        (b'{"x": 1}\n' * 3, "jsonl"),
        (b"[]", "json"),
        (b"title,abstract\n", "csv"),
        (b"@comment{a = b}\n", "bibtex"),
        (b"<html><body><p>Hello</p></body></html>", "html"),
        (b"<feed></feed>", "atom"),
    ],
)
def test_dump_without_a_paper(data: bytes, format_name: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_bytes(data)
    with pytest.raises(
        DumpError, match=rf"No paper was found .* read as {format_name}.*dump_format="
    ):
        list(read_dump(dump))


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def noise(size: int) -> str:
    state, letters = 1, []
    for _ in range(size):
        state = state * 6364136223846793005 % 2**64
        letters.append(chr(97 + (state >> 33) % 26))
    return "".join(letters)


@pytest.mark.parametrize("codec", COMPRESSIONS)
def test_cut_off_compression_gives_what_was_there_and_then_says_so(
    codec: str, tmp_path: Path
) -> None:
    words = noise(300_000)
    lines = "".join(json.dumps(GOOD | {"abstract": words[n:][:1000]}) + "\n" for n in range(3000))
    whole = COMPRESSIONS[codec](lines.encode())
    dump = tmp_path / "dump"
    dump.write_bytes(whole[: len(whole) * 9 // 10])
    papers: list[Paper] = []
    with pytest.raises(DumpError, match=rf"{codec} data of .* ends in the middle. Fetch"):
        papers.extend(read_dump(dump))
    assert papers


@pytest.mark.parametrize("codec", COMPRESSIONS)
def test_damaged_compression(codec: str, tmp_path: Path) -> None:
    whole = COMPRESSIONS[codec](noise(300_000).encode())
    dump = tmp_path / "dump"
    middle = len(whole) // 2
    dump.write_bytes(whole[:middle] + bytes(1000) + whole[middle + 1000 :])
    with pytest.raises(DumpError, match=rf"{codec} data of .* is damaged"):
        list(read_dump(dump))


@pytest.mark.parametrize("codec", COMPRESSIONS)
def test_compressed_parts_joined_and_padded(codec: str, tmp_path: Path) -> None:
    part = COMPRESSIONS[codec](GOOD_LINE)
    assert len(items_of(tmp_path / "dump", part + part + bytes(512))) == 2


def test_zstandard(tmp_path: Path) -> None:
    zstd = pytest.importorskip("backports.zstd")
    part = zstd.compress(GOOD_LINE)
    assert len(items_of(tmp_path / "dump", part + part)) == 2
    with pytest.raises(DumpError, match=r"zstd data of .* ends in the middle"):
        items_of(tmp_path / "dump", part[:-3])


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Zstandard is in the library")
def test_zstandard_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    monkeypatch.delattr("backports.zstd", raising=False)
    with pytest.raises(DumpError, match=r"pip install 'abstract-extractor\[zstd\]'"):
        items_of(tmp_path / "dump", b"\x28\xb5\x2f\xfd" + bytes(20))


def test_parquet_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DumpError, match=r"pip install 'abstract-extractor\[parquet\]'"):
        list(read_dump(DUMPS / "papers.parquet"))


def test_cut_off_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DumpError, match=r"is not a Parquet file that can be read"):
        items_of(tmp_path / "dump", (DUMPS / "papers.parquet").read_bytes()[:3000])


@pytest.mark.parametrize("format_name", ["jsonl", "text", "csv", "bibtex", "ris", "markdown"])
def test_endless_line_is_skipped_without_being_held(format_name: str, tmp_path: Path) -> None:
    good = {
        "jsonl": (GOOD_LINE, GOOD_LINE),
        "text": (b"A good title\n\nAbstract: A good abstract.\n\n",) * 2,
        "csv": (b"id,title,abstract\ng,A good title,A good abstract.\n", b"g,A good title,x\n"),
        "bibtex": (b"@misc{g,\n title={A good title},\n abstract={A good abstract.}\n}\n",) * 2,
        "ris": (b"TY  - X\nTI  - A good title\nAB  - A good abstract.\nER  - \n",) * 2,
        "markdown": (b"## A good title\n\nAbstract: A good abstract.\n\n",) * 2,
    }[format_name]
    dump = tmp_path / "dump.gz"
    with gzip.open(dump, "wb", compresslevel=1) as out:
        out.write(good[0])
        for _ in range(150):
            out.write(b"x" * MEBIBYTE)
        out.write(b"\n" + good[1])
    items: list[Paper | Unreadable] = []
    with open_dump(dump, format=format_name) as opened:
        assert peak_while(lambda: items.extend(opened)) < BOUND
    kinds = [type(item) for item in items]
    assert kinds == [Paper, Unreadable, Paper]
    skipped = items[1]
    assert isinstance(skipped, Unreadable)
    assert skipped.line == good[0].count(b"\n") + 1
    assert "too long" in skipped.message


def test_endless_entry_of_a_document_is_skipped_without_being_held(tmp_path: Path) -> None:
    dump = tmp_path / "dump.gz"
    with gzip.open(dump, "wb", compresslevel=1) as out:
        out.write(b"[" + GOOD_LINE + b',{"title": "' + b"x" * 100)
        for _ in range(100):
            out.write(b"x" * MEBIBYTE)
        out.write(b'"},\n' + GOOD_LINE + b"]")
    items: list[Paper | Unreadable] = []
    with open_dump(dump) as opened:
        assert opened.format == "json"
        assert peak_while(lambda: items.extend(opened)) < BOUND
    assert [type(item) for item in items] == [Paper, Unreadable, Paper]


def test_endless_record_of_xml_is_skipped_without_being_held(tmp_path: Path) -> None:
    entry = b"<entry><id>%d</id><title>T</title><summary>A.</summary></entry>\n"
    dump = tmp_path / "dump.gz"
    with gzip.open(dump, "wb", compresslevel=1) as out:
        out.write(b"<feed>\n" + entry % 1 + b"<entry><title>")
        for _ in range(60):
            out.write(b"x" * MEBIBYTE)
        out.write(b"</title></entry>\n" + entry % 2 + b"</feed>")
    items: list[Paper | Unreadable] = []
    with open_dump(dump) as opened:
        assert peak_while(lambda: items.extend(opened)) < BOUND
    assert [type(item) for item in items] == [Paper, Unreadable, Paper]
    assert [getattr(item, "line", None) for item in items] == [None, 3, None]


def test_abstract_without_end(tmp_path: Path) -> None:
    dump = tmp_path / "dump.gz"
    with gzip.open(dump, "wb", compresslevel=1) as out:
        out.write(b"The first title\n\nAbstract: It has an end.\n\nA good title\n\n")
        for _ in range(10_000):
            out.write(b"It goes on and on, and says the same thing again. " * 10 + b"\n\n")
        out.write(b"Another good title\n\nAbstract: And this one ends.\n")
    items: list[Paper | Unreadable] = []
    with open_dump(dump) as opened:
        assert peak_while(lambda: items.extend(opened)) < 16 * MEBIBYTE
    assert [type(item) for item in items] == [Paper, Unreadable, Paper]
    assert isinstance(items[1], Unreadable)
    assert items[1].title == "A good title"


def test_many_short_lines_without_an_abstract(tmp_path: Path) -> None:
    dump = tmp_path / "dump.gz"
    dump.write_bytes(gzip.compress(b"Home\n\n42\n\n" * 30_000))

    def read() -> None:
        with open_dump(dump, format="text") as opened, pytest.raises(DumpError, match=r"No paper"):
            list(opened)

    assert peak_while(read) < 8 * MEBIBYTE


def test_brackets_without_end(tmp_path: Path) -> None:
    data = b"[" + GOOD_LINE + b"," + b"[" * 2 * MEBIBYTE
    with pytest.raises(DumpError, match=r"nested too deeply"):
        items_of(tmp_path / "dump", data, format="json")


DEEP = b'{"title": "T", "abstract": "A", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (DEEP, "This is not JSON: "),
        (b'{"title": "T", "abstract": "A"', "This is not JSON: "),
        (b"not json at all", "This is not JSON: "),
        (b"[1, 2]", "This is JSON, but not an object."),
        (b'{"title": "", "abstract": "A"}', "no title"),
        (b'{"title": "T", "abstract": " \\n "}', "no abstract"),
        (b'{"title": {"x": 1}, "abstract": ["", null]}', "no title"),
        (json.dumps(GOOD | {"abstract": "x" * 2 * MEBIBYTE}).encode(), "too long"),
    ],
)
def test_line_that_is_no_paper(line: bytes, message: str, tmp_path: Path) -> None:
    first, wrong, last = items_of(tmp_path / "d.jsonl", GOOD_LINE + line + b"\n\n" + GOOD_LINE)
    assert isinstance(wrong, Unreadable)
    assert wrong.line == 2
    assert message in wrong.message
    assert isinstance(first, Paper)
    assert first == last


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"na\\u0000me", "na\u2060me"),
        (b"na\x00me", "na\u2060me"),
        (b"na\tme", "na\tme"),
        (b"na\x1b[31mme", "na" + 5 * "\u2060" + "me"),
        (b"na\x1bme\x0bit\x0cis", "na\u2060me it is"),
        (b"it\\u0092s \\u0081\\u009b1m", "it\u2019s " + 4 * "\u2060"),
        (b"caf\xe9", "café"),
        (b"\x93quoted\x94 \x96 \x80", "\u201cquoted\u201d \u2013 \u20ac"),
        ("café \u2192 \U0001f600".encode() + b" \xe9", "café \u2192 \U0001f600 é"),
        (b"half \\ud83d of a pair", "half \ufffd of a pair"),
        (b"pair \\ud83d\\ude00", "pair \U0001f600"),
        (b"line\\u2028end\\u0085", "line\u2028end "),
    ],
)
def test_characters_that_do_harm_elsewhere(written: bytes, read: str, tmp_path: Path) -> None:
    line = b'{"title": "T", "abstract": "' + written + b'"}\n'
    (paper,) = items_of(tmp_path / "dump.jsonl", line)
    assert isinstance(paper, Paper)
    assert paper.abstract == read
    paper.abstract.encode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks(encoding: str, tmp_path: Path) -> None:
    mark = "" if encoding in ("utf-8-sig", "utf-16") else "\ufeff"
    line = mark + json.dumps(GOOD | {"title": "Zoë \U0001f600"}, ensure_ascii=False) + "\n"
    (paper,) = items_of(tmp_path / "dump", line.encode(encoding))
    assert isinstance(paper, Paper)
    assert paper.title == "Zoë \U0001f600"


def test_carriage_returns_alone(tmp_path: Path) -> None:
    page = (DUMPS / "plain.txt").read_bytes().replace(b"\n", b"\r")
    assert len(items_of(tmp_path / "dump", page)) == 4


def test_table_with_rows_that_do_not_fit(tmp_path: Path) -> None:
    table = b'id,title,abstract\n1,T,A\n2,T\n3,T,A,more\n\n4,T,"A\nB"\n5,T,A\n'
    items = items_of(tmp_path / "dump.csv", table)
    assert [getattr(item, "line", item.id) for item in items] == ["1", 3, 4, "4", "5"]


def test_table_with_a_quotation_that_never_ends(tmp_path: Path) -> None:
    rows = b"x,T,A\n" * (2 * MEBIBYTE // 6)
    items = items_of(tmp_path / "d.csv", b'id,title,abstract\n1,T,A\n2,"T,A\n' + rows)
    assert isinstance(items[0], Paper)
    assert isinstance(items[1], Unreadable)
    assert items[1].line == 3
    assert "down to line" in items[1].message
    assert isinstance(items[-1], Paper)
    assert len(items) > 100_000


def test_entry_with_braces_that_do_not_match(tmp_path: Path) -> None:
    good = (
        "@misc{k%d,\n title={T},\n abstract={It is {\\'e}asy, at 5%% of the cost.\n  Really.}\n}\n"
    )
    data = good % 1 + "@misc{k2,\n title={T},\n abstract={It is {broken.}\n\n" + good % 3
    first, wrong, last = items_of(tmp_path / "dump", data.encode())
    assert isinstance(first, Paper)
    assert first.abstract == "It is éasy, at 5% of the cost. Really."
    assert isinstance(wrong, Unreadable)
    assert wrong.line == 6
    assert isinstance(last, Paper)


@pytest.mark.parametrize("field", ["{" * 2000 + "x" + "}" * 2000, "\\a{" * 9000 + "}" * 9000])
def test_braces_may_be_nested_deeply(field: str, tmp_path: Path) -> None:
    data = f"@misc{{k,\n title={{T}},\n abstract={{{field}b}}\n}}\n"
    good = "@misc{g,\n title={T},\n abstract={A}\n}\n"
    deep, right = items_of(tmp_path / "dump", (data + good).encode())
    assert isinstance(deep, Paper)
    assert deep.abstract.endswith("b")
    assert isinstance(right, Paper)


@pytest.mark.parametrize(
    "unit", ["[", "*a", "![", "<!--", "_a ", "`", "$", "[a](", "Aa Bb, ", "<a ", "(", '"', "\\"]
)
@pytest.mark.parametrize("format_name", ["markdown", "text", "html", "csv", "bibtex"])
def test_patterns_that_could_take_for_ever(unit: str, format_name: str, tmp_path: Path) -> None:
    hostile = unit * (100_000 // len(unit))
    good = {
        "markdown": "## A title\n\nAbstract: A good abstract.\n\n## %s\n\n%s\n",
        "text": "A title\n\nAbstract: A good abstract.\n\n%s\n\nAbstract: %s\n",
        "html": "<html><h1>A title</h1><p>Abstract: A good abstract.</p><h1>%s</h1><p>%s</p>",
        "csv": "title,abstract\nA title,A good abstract.\n%s,%s\n",
        "bibtex": "@a{k,\n title={A title},\n abstract={A good abstract.}\n}\n@a{l,\n x={%s%s}}\n",
    }[format_name] % (hostile, hostile)
    started = time.process_time()
    items = items_of(tmp_path / "dump", good.encode(), format=format_name)
    assert isinstance(items[0], Paper)
    assert time.process_time() - started < 20, "processor time, whatever else the machine does"


@pytest.mark.parametrize(
    "data",
    [
        b'[{"title": "T", "abstract": "A"}, {"title": "T", "abstract": "A", "x": [1, 2}, ',
        b'{"papers": [{"title": "T", "abstract": "A"}, {"title": "T", "abs": "A" "x": []}, ',
    ],
)
def test_document_with_an_entry_that_is_broken(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(data + GOOD_LINE + b',{"title": "cut')
    items: list[Paper | Unreadable] = []
    with open_dump(path) as dump, pytest.raises(DumpError, match="brackets are closed"):
        items.extend(dump)
    assert [type(item) for item in items] == [Paper, Unreadable, Paper, Unreadable]
    assert isinstance(items[-1], Unreadable)
    assert "breaks off" in items[-1].message


def test_document_of_one_paper(tmp_path: Path) -> None:
    paper = GOOD | {"authors": [{"name": "Ada"}], "references": [{"title": "Old"}]}
    items = items_of(tmp_path / "dump", json.dumps(paper, indent=2).encode())
    assert items == [Paper("g", "A good title", "A good abstract.", items[0].source)]  # type: ignore[union-attr]


def test_document_whose_first_papers_have_no_abstract(tmp_path: Path) -> None:
    document = {"papers": [{"title": "None"}, {"title": "Neither"}, GOOD]}
    items = items_of(tmp_path / "dump", json.dumps(document).encode())
    assert [type(item) for item in items] == [Unreadable, Unreadable, Paper]


def test_entities_that_would_exhaust_memory(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    entry = b"<entry><title>&b;</title><summary>&b;</summary></entry>"
    with pytest.raises(DumpError, match=r"declares an XML entity \(a\)"):
        items_of(tmp_path / "dump", bomb + b"<feed>" + entry + b"</feed>")


def test_entities_of_other_files_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    declared = f'<!DOCTYPE feed [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
    with pytest.raises(DumpError, match=r"declares an XML entity"):
        items_of(tmp_path / "dump", declared + b"<feed><entry><title>&x;</title></entry></feed>")


def test_entities_of_html_that_xml_does_not_know(tmp_path: Path) -> None:
    entry = b"<entry><title>Caf&eacute; &amp; bar</title><summary>A &ndash; b.</summary></entry>"
    (paper,) = items_of(tmp_path / "dump", b"<feed>" + entry + b"</feed>")
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract) == ("Café & bar", "A \u2013 b.")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "UTF-8"])
def test_encodings_that_xml_declares(encoding: str, tmp_path: Path) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        "<feed><entry><title>Müller</title><summary>Á la carte.</summary></entry></feed>"
    )
    (paper,) = items_of(tmp_path / "dump", text.encode(encoding))
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract) == ("Müller", "Á la carte.")


@pytest.mark.parametrize("name", ["no-such", "base64", "idna", "punycode", "utf-16", "cp037"])
def test_declared_encoding_that_cannot_be_the_one(name: str, tmp_path: Path) -> None:
    record = "<entry><title>Zoë</title><summary>A.</summary></entry>"
    feed = f'<?xml version="1.0" encoding="{name}"?><feed>{record}</feed>'
    page = f"<html><meta charset={name}><h1>Zoë and Her Models</h1><p>Abstract: We ask.</p></html>"
    for document in (feed, page):
        (paper,) = items_of(tmp_path / "dump", document.encode())
        assert isinstance(paper, Paper)
        assert paper.title.startswith("Zoë")


def test_xml_that_breaks_off_gives_what_was_there(tmp_path: Path) -> None:
    whole = (DUMPS / "arxiv.atom").read_bytes()
    dump = tmp_path / "dump"
    dump.write_bytes(whole[: whole.rindex(b"<summary>")])
    papers: list[Paper] = []
    with pytest.raises(DumpError, match=r"is not well-formed XML"):
        papers.extend(read_dump(dump))
    assert len(papers) == 3


def test_record_that_was_deleted(tmp_path: Path) -> None:
    deleted = b'<record><header status="deleted"><identifier>oai:x:1</identifier></header></record>'
    whole = (DUMPS / "records.xml").read_bytes()
    items = items_of(tmp_path / "dump", whole.replace(b"<record>", deleted + b"<record>", 1))
    assert items[0] == Unreadable(5, "The repository has deleted this record.", "oai:x:1")
    assert len(items) == 5


def test_parts_of_a_structured_abstract(tmp_path: Path) -> None:
    article = (
        b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
        b"<ArticleTitle>Effect of CO<sub>2</sub></ArticleTitle><Abstract>"
        b'<AbstractText Label="AIM">We <i>ask</i>.</AbstractText>'
        b'<AbstractText Label="RESULT">Yes.</AbstractText></Abstract></Article>'
        b"</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    (paper,) = items_of(tmp_path / "dump", article)
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract) == ("Effect of CO2", "AIM: We ask.\nRESULT: Yes.")


def test_inverted_index_with_places_far_apart(tmp_path: Path) -> None:
    index = {"far": [10**15], "We": [0], "go": [1], "bad": "x", "worse": ["y"]}
    work = {"id": "W1", "title": "T", "abstract_inverted_index": index}
    (paper,) = items_of(tmp_path / "dump", json.dumps(work).encode())
    assert isinstance(paper, Paper)
    assert paper.abstract == "We go far"


def test_decompression_bomb(tmp_path: Path) -> None:
    dump = tmp_path / "bomb"
    with lzma.open(dump, "wb", preset=0) as out:
        out.write(GOOD_LINE)
        for _ in range(300):
            out.write(bytes(MEBIBYTE))
    items: list[Paper | Unreadable] = []
    with open_dump(dump) as opened:
        assert peak_while(lambda: items.extend(opened)) < BOUND
    assert [type(item) for item in items] == [Paper, Unreadable]


def test_page_that_is_one_tag(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_bytes(b"<html><p title='" + b"x" * 10 * MEBIBYTE)
    with pytest.raises(DumpError, match=r"too large for a saved web page"):
        list(read_dump(dump))


ONE_BAD_ENTRY = {
    "a.jsonl": '{{"title": "{}", "abstract": "Text."}}\n',
    "a.csv": '"{}","Text."\n',
    "a.ris": "TY  - JOUR\nTI  - {}\nAB  - Text.\nER  - \n",
    "a.bib": "@article{{k,\n title = {{{}}},\n abstract = {{Text.}}\n}}\n",
    "a.xml": "<entry><id>1</id><title>{}</title><summary>Text.</summary></entry>\n",
}
AROUND = {
    "a.csv": ("title,abstract\n", ""),
    "a.xml": ('<feed xmlns="http://www.w3.org/2005/Atom">\n', "</feed>\n"),
}


@pytest.mark.parametrize("name", ONE_BAD_ENTRY)
def test_whatever_an_entry_raises_costs_that_entry(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(line: int, paper_id: str, title: str, *rest: Any) -> Any:
        if title == "BOOM":
            raise KeyError("a library's own\nerror")
        return built(line, paper_id, title, *rest)

    built = base.build_entry
    for module in list(sys.modules.values()):
        if module.__name__.startswith("extractor.readers") and hasattr(module, "build_entry"):
            monkeypatch.setattr(module, "build_entry", build)
    before, after = AROUND.get(name, ("", ""))
    entries = "".join(ONE_BAD_ENTRY[name].format(title) for title in ("One", "BOOM", "Two"))
    (tmp_path / name).write_text(before + entries + after, encoding="utf-8")
    with open_dump(tmp_path / name) as dump:
        first, bad, last = dump
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert (first.title, last.title) == ("One", "Two")
    assert isinstance(bad, Unreadable)
    assert "KeyError" in bad.message
    assert "\n" not in bad.message


@pytest.mark.parametrize("part", ["{", "[", '{"a":', "[[1],", '[{"a":', '"', "\\"])
@pytest.mark.parametrize("closing", ["", "]", "}", "]}"])
def test_brackets_without_end_are_read_once(part: str, closing: str) -> None:
    """Each bracket is opened once and closed once, whatever is left open or was never opened."""
    scanner = JsonScanner("x.json")
    list(scanner.feed("[" + part * 50_000 + closing * 100_000))
    list(scanner.end())
