"""Several dumps as one: files, folders, patterns and archives, in order and each once."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers import read_jsonl

from extractor import read_dumps
from extractor.errors import DumpError, UsageError
from extractor.readers import Unreadable, open_dump, open_dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpers import Invoke

    from extractor.paper import Paper

BIB = "@article{%s, title = {%s}, abstract = {We ask what %s are.}}\n"


def line_of(paper_id: str, title: str, **more: str) -> bytes:
    row = {"id": paper_id, "title": title, "abstract": f"We ask what {title} are.", **more}
    return json.dumps(row).encode() + b"\n"


FILES: Mapping[str, bytes] = {
    "b.jsonl": line_of("b1", "Lanterns") + line_of("b2", "Tides"),
    "a.bib": (BIB % ("a1", "Caches", "Caches")).encode(),
    "deep/c.jsonl.gz": gzip.compress(line_of("c1", "Racks")),
    ".hidden.jsonl": line_of("h1", "Ghosts"),
    "__MACOSX/._b.jsonl": b"\0\5\x16\7",
}
BY_NAME = [("a1", "a.bib"), ("b1", "b.jsonl"), ("b2", "b.jsonl"), ("c1", "deep/c.jsonl.gz")]
AS_ARCHIVED = [BY_NAME[1], BY_NAME[2], BY_NAME[0], BY_NAME[3]]


def folder(at: Path) -> Path:
    for name, data in FILES.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(data)
    return at


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(stream := io.BytesIO(), "w", compression) as archive:
        archive.mkdir("deep")
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    with tarfile.open(fileobj=(stream := io.BytesIO()), mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


ARCHIVES: Mapping[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "zip": zipped,
    "stored": lambda files: zipped(files, zipfile.ZIP_STORED),
    "tar": tarred,
    "tar.gz": lambda files: tarred(files, "w:gz"),
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
}


def read(*places: str | Path, unique: bool = False) -> tuple[list[Paper], list[Unreadable]]:
    listed: list[Unreadable] = []
    papers = list(read_dumps(places, unique=unique, on_error=listed.append))
    return papers, listed


def ids_and_files(papers: list[Paper], below: str) -> list[tuple[str, str]]:
    return [
        (paper.id, str(paper.source["file"]).removeprefix(f"{below}/").replace("\\", "/"))
        for paper in papers
    ]


def test_folder_is_read_by_name_without_hidden_files(tmp_path: Path) -> None:
    papers, listed = read(folder(tmp_path))
    assert ids_and_files(papers, str(tmp_path)) == BY_NAME
    assert listed == []


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archive_is_read_in_its_order(kind: str, tmp_path: Path) -> None:
    archive = tmp_path / f"dumps.{kind}"
    archive.write_bytes(ARCHIVES[kind](FILES))
    papers, listed = read(archive)
    assert ids_and_files(papers, str(archive)) == AS_ARCHIVED
    assert listed == []


def test_files_are_read_in_the_order_that_they_are_named_in(tmp_path: Path) -> None:
    folder(tmp_path)
    papers, _ = read(tmp_path / "deep", tmp_path / "b.jsonl", tmp_path / "a.bib")
    assert [paper.id for paper in papers] == ["c1", "b1", "b2", "a1"]


def test_pattern_stands_for_the_files_that_fit(tmp_path: Path) -> None:
    folder(tmp_path)
    assert [paper.id for paper in read(f"{tmp_path}/*.[bj]*")[0]] == ["a1", "b1", "b2"]
    assert [paper.id for paper in read(f"{tmp_path}/**/*.gz")[0]] == ["c1"]
    (tmp_path / "odd[1].jsonl").write_bytes(line_of("o1", "Odd"))
    assert [paper.id for paper in read(tmp_path / "odd[1].jsonl")[0]] == ["o1"]
    with pytest.raises(DumpError, match=r"No file fits .*\*\.ris"):
        read(f"{tmp_path}/*.ris")


def test_one_plain_file_is_what_it_was(tmp_path: Path) -> None:
    dump = folder(tmp_path) / "b.jsonl"
    assert all(paper.source == {} for paper in read(dump)[0])


def test_field_of_the_dump_named_file_is_kept(tmp_path: Path) -> None:
    dump = tmp_path / "a.jsonl"
    dump.write_bytes(line_of("1", "Lanterns", file="lanterns.pdf"))
    (paper,) = read(tmp_path)[0]
    assert paper.source == {"file": "lanterns.pdf", "dump_file": str(dump)}


def test_papers_without_ids_are_numbered_through(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(f'{{"title": "T {name}", "abstract": "We ask {name}."}}\n')
    assert [paper.id for paper in read(tmp_path)[0]] == ["1", "2"]


def test_file_that_is_no_dump_costs_no_other(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "aa.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "ab.jsonl").write_bytes(line_of("cut", "Cuts") + b'{"id": "x"')
    (tmp_path / "ac.txt.gz").write_bytes(gzip.compress(b"x" * 10**5)[:60])
    (tmp_path / "ad.csv").write_bytes(b"id,title\n1,Tides\n")
    (tmp_path / "ae.jsonl").write_bytes(b"")
    papers, listed = read(tmp_path)
    assert [paper.id for paper in papers] == ["a1", "cut", "b1", "b2", "c1"]
    assert [(Path(str(each.file)).name, each.line) for each in listed] == [
        ("aa.pdf", 0),
        ("ab.jsonl", 2),
        ("ac.txt.gz", 0),
        ("ad.csv", 0),
        ("ae.jsonl", 0),
    ]


def test_papers_before_the_damage_are_kept(tmp_path: Path) -> None:
    lines = b"".join(line_of(str(n), f"Tides {n}") for n in range(20_000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines)[:-9000])
    (tmp_path / "b.jsonl").write_bytes(FILES["b.jsonl"])
    papers, listed = read(tmp_path)
    assert len(papers) > 1000
    assert [paper.id for paper in papers[-2:]] == ["b1", "b2"]
    assert [each.line for each in listed][-1] == 0
    assert "ends in the middle" in listed[-1].message


def test_links_are_followed_once_and_told_where_they_lead_nowhere(tmp_path: Path) -> None:
    dumps, elsewhere = tmp_path / "dumps", tmp_path / "elsewhere"
    folder(dumps)
    elsewhere.mkdir()
    (elsewhere / "x.jsonl").write_bytes(line_of("x1", "Moss"))
    (dumps / "deep" / "up").symlink_to(dumps)
    (dumps / "linked").symlink_to(elsewhere)
    (dumps / "nowhere.bib").symlink_to(tmp_path / "nowhere")
    os.mkfifo(dumps / "pipe.jsonl")
    papers, listed = read(dumps)
    assert [paper.id for paper in papers] == ["a1", "b1", "b2", "c1", "x1"]
    assert [(each.file, each.line) for each in listed] == [(str(dumps / "nowhere.bib"), 0)]


def test_folder_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = folder(tmp_path) / "deep"
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "access", lambda *_: False)
    papers, (told,) = read(tmp_path)
    assert [paper.id for paper in papers] == ["a1", "b1", "b2"]
    assert (told.file, told.line) == (str(locked), 0)
    assert "may not be read" in told.message


def test_files_without_a_paper_are_one_error(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "b.jsonl").write_bytes(b'{"title": "T"}\n')
    with pytest.raises(DumpError, match=r"No paper was found in 2 files: .*a\.pdf is a PDF file"):
        read(tmp_path)


def test_entries_that_are_listed_say_what_is_wrong_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.ris").write_bytes(b"TY  - JOUR\nTI  - T\nER  - \n")
    (tmp_path / "b.jsonl").write_bytes(FILES["b.jsonl"])
    assert [each.line for each in read(tmp_path)[1]] == [1]


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_archive_that_is_cut_off_says_so(kind: str, tmp_path: Path) -> None:
    whole = ARCHIVES[kind](FILES)
    archive = tmp_path / f"dumps.{kind}"
    said = 0
    # A tar archive ends with blocks of zeros, of which the first ends it.
    for cut in range(1, len(whole) - (9000 if kind == "tar" else 1), 101):
        archive.write_bytes(whole[:cut])
        listed: list[Unreadable] = []
        try:
            papers = list(read_dumps([archive], on_error=listed.append))
        except DumpError:
            said += 1
            continue
        assert len(papers) < len(AS_ARCHIVED)
        assert listed
        said += 1
    assert said > 3


def test_what_stands_behind_the_end_of_a_tar_archive_is_not_lost_in_silence(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "joined.tar"
    archive.write_bytes(tarred(FILES) + tarred(FILES))
    papers, listed = read(archive)
    assert len(papers) == len(AS_ARCHIVED)
    assert "goes on behind its end" in listed[0].message


def test_archive_in_an_archive_is_named(tmp_path: Path) -> None:
    for kind in ARCHIVES:
        inner = {f"inner.{kind}": ARCHIVES[kind](FILES), "b.jsonl": FILES["b.jsonl"]}
        for outer in (zipped(inner), tarred(inner)):
            (tmp_path / "outer").write_bytes(outer)
            papers, listed = read(tmp_path / "outer")
            assert [paper.id for paper in papers] == ["b1", "b2"]
            assert f"inner.{kind} is an archive in an archive" in listed[0].message


def test_encrypted_file_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.bib": FILES["a.bib"], "b.jsonl": FILES["b.jsonl"]}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature, data.index(signature) + 1) + flags] |= 1
    (tmp_path / "d.zip").write_bytes(data)
    papers, listed = read(tmp_path / "d.zip")
    assert [paper.id for paper in papers] == ["b1", "b2"]
    assert "a.bib" in listed[0].message
    assert "encrypted" in listed[0].message


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_open_dump_reads_a_zip_of_one_file_and_refuses_several(kind: str, tmp_path: Path) -> None:
    archive = tmp_path / f"dumps.{kind}"
    archive.write_bytes(ARCHIVES[kind](FILES))
    with pytest.raises(DumpError, match=r"may hold several dumps\. Read them all with read_dumps"):
        open_dump(archive)
    archive.write_bytes(zipped({"deep/b.jsonl": FILES["b.jsonl"]}))
    with open_dump(archive) as dump:
        assert [item.id for item in dump] == ["b1", "b2"]


def test_zip_is_read_from_a_compressed_file_too(tmp_path: Path) -> None:
    archive = tmp_path / "dumps.zip.gz"
    archive.write_bytes(gzip.compress(zipped(FILES)))
    assert len(read(archive)[0]) == len(AS_ARCHIVED)


def test_position_ends_at_the_size(tmp_path: Path) -> None:
    folder(tmp_path)
    for kind in ("zip", "tar", "tar.gz"):
        (tmp_path / f"x.{kind}").write_bytes(ARCHIVES[kind](FILES))
    with open_dumps([tmp_path]) as dump:
        positions = [dump.position for _ in dump]
        assert dump.position == dump.size
    assert positions == sorted(positions)
    assert [file.papers for file in dump.files if "x." not in file.name] == [1, 2, 1]


@pytest.mark.parametrize("place", ["https://example.org/papers.bib", "s3://bucket/papers.jsonl"])
def test_address_gets_the_word_to_download_it(place: str) -> None:
    for opened in (open_dump, lambda place: open_dumps([place, "x"])):
        with pytest.raises(DumpError, match=r"is an address, not a file\. Download it first"):
            opened(place)


def test_an_empty_name_is_not_the_working_directory() -> None:
    with pytest.raises(DumpError, match="name of a dump is empty"), open_dumps([""]) as dump:
        list(dump)


def test_file_that_is_not_there_is_told_before_any_is_read(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"There is no file .*nowhere\.bib"):
        open_dumps([folder(tmp_path), tmp_path / "nowhere.bib"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DumpError, match=r"There is no file in the folder .*empty"):
        open_dumps([tmp_path / "empty"])


def test_columns_are_for_the_files_that_have_some(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,abstract\nLanterns,We ask.\n")
    (tmp_path / "b.bib").write_bytes(FILES["a.bib"])
    papers = list(read_dumps([tmp_path], options={"title_column": "name"}))
    assert [paper.title for paper in papers] == ["Lanterns", "Caches"]
    with pytest.raises(UsageError, match="no option 'title'"):
        list(read_dumps([tmp_path], options={"title": "name"}))


DOI = "10.1234/Fjord.1"


def dumps_with_duplicates(at: Path) -> Path:
    (at / "a.jsonl").write_bytes(
        line_of("1", "Tides", doi=DOI) + line_of("2", "Lanterns") + line_of("3", "Lanterns")
    )
    (at / "b.bib").write_text(
        f"@a{{4, title={{Of Tides}}, abstract={{They rise.}}, doi={{https://doi.org/{DOI.upper()}}}}}"
    )
    (at / "c.jsonl").write_bytes(line_of("5", "lan\u2013terns") + line_of("6", "Racks"))
    return at


def test_duplicates_between_dumps_are_named_and_read(tmp_path: Path) -> None:
    with open_dumps([dumps_with_duplicates(tmp_path)]) as dump:
        assert [item.id for item in dump] == ["1", "2", "3", "4", "5", "6"]
        (note,) = dump.notes()
    assert note.startswith("2 papers in more than one file: 'Of Tides' (")
    assert "b.bib, before in " in note
    assert note.endswith("--unique to take each once")


def test_unique_takes_the_first(tmp_path: Path) -> None:
    with open_dumps([dumps_with_duplicates(tmp_path)], unique=True) as dump:
        assert [item.id for item in dump] == ["1", "2", "6"]
        (note,) = dump.notes()
    assert note.startswith("3 papers left out, for they came before: 'Lanterns' (")


def test_unique_in_one_file(tmp_path: Path) -> None:
    papers, _ = read(dumps_with_duplicates(tmp_path) / "a.jsonl", unique=True)
    assert [paper.id for paper in papers] == ["1", "2"]


def test_papers_that_differ_by_a_sign_are_no_duplicates(tmp_path: Path) -> None:
    titles = ["C++ for All", "C# for All", "C for All", "When a < b", "When a > b"]
    rows = (json.dumps({"title": title, "abstract": "We ask."}) for title in titles)
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    assert [paper.title for paper in read(tmp_path, unique=True)[0]] == titles


def test_one_place_need_not_be_in_a_list(tmp_path: Path) -> None:
    folder(tmp_path)
    for place in (tmp_path, str(tmp_path)):
        assert len(list(read_dumps(place))) == len(BY_NAME)


class TestCommand:
    @pytest.mark.parametrize("name", ["r.csv", "r.csv.gz", "r.sqlite"])
    def test_output_in_the_folder_is_not_read_again(
        self, name: str, invoke: Invoke, tmp_path: Path
    ) -> None:
        folder(tmp_path)
        for _ in range(2):
            code, _, err = invoke("run", tmp_path, "--model", "none", "-o", tmp_path / name)
            assert (code, "0 failures" in err) == (0, True), err

    def test_limit_counts_papers(self, invoke: Invoke, tmp_path: Path) -> None:
        dump, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
        dump.write_bytes(b'{"title": "T"}\n' + FILES["b.jsonl"])
        for limit, records in ((0, 0), (1, 1), (2, 2), (3, 2)):
            invoke("run", dump, "--model", "none", "-o", out, "--limit", limit)
            assert len(read_jsonl(out)) == records

    def test_claim_of_nothing_is_no_traceback(self, invoke: Invoke, tmp_path: Path) -> None:
        dump = tmp_path / "a.jsonl"
        row = {"title": "Zed", "abstract": "We present Zed, which is 0x faster than a baseline."}
        dump.write_text(json.dumps(row))
        code, out, _ = invoke("run", dump, "--model", "none")
        assert (code, json.loads(out)["claimed_speedups"]) == (0, [])

    def test_run_over_a_folder(self, invoke: Invoke, tmp_path: Path) -> None:
        dumps = tmp_path / "dumps"
        dumps.mkdir()
        dumps_with_duplicates(dumps)
        (dumps / "d.pdf").write_bytes(b"%PDF-1.7\n")
        out = dumps / "records.jsonl"
        for unique, expected in (([], ["1", "2", "3", "4", "5", "6"]), (["--unique"], list("126"))):
            # The second run does not read what the first one wrote into the folder.
            code, _, err = invoke("run", dumps, "--model", "none", "-o", out, *unique)
            records = read_jsonl(out)
            assert [record["id"] for record in records] == expected
            assert records[0]["source"] == {"file": str(dumps / "a.jsonl"), "doi": DOI}
            (failure,) = read_jsonl(dumps / "records.failures.jsonl")
            assert (failure["file"], failure["error"]) == (str(dumps / "d.pdf"), "unreadable")
            assert "line" not in failure
            assert code == 3
            assert ("left out, for they came before" in err) == bool(unique)
        for written in (out, dumps / "records.failures.jsonl"):
            code, _, err = invoke("run", written, "--model", "none", "-o", tmp_path / "x.jsonl")
            assert (code, "was written by Extractor" in err) == (1, True)

    def test_report_over_several(self, invoke: Invoke, tmp_path: Path) -> None:
        places = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
        for place in places:
            Path(place).write_text(f"id,title,abstract\n1,From {place},We ask.\n")
        out = tmp_path / "r.jsonl"
        assert invoke("run", *places, "--model", "none", "-o", out).code == 0
        dumps = [word for place in places for word in ("--dump", place)]
        code, _, err = invoke("report", out, *dumps)
        assert (code, "without abstract" in err) == (0, False)

    def test_inspect_tells_each_file(self, invoke: Invoke, tmp_path: Path) -> None:
        dumps_with_duplicates(tmp_path)
        _, out, _ = invoke("inspect", tmp_path / "*.*", "--model", "none")
        assert out.startswith("3 files: several formats, ")
        assert f"  {tmp_path / 'b.bib'}: bibtex, 1 paper\n" in out
        assert "2 papers in more than one file" in out
        _, out, _ = invoke("inspect", tmp_path, "--json", "--model", "none")
        assert [file["papers"] for file in json.loads(out)["files"]] == [3, 1, 2]
