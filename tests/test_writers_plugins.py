"""Formats of other packages: found by their entry points, loaded only when they are needed."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from extractor.errors import DumpError, UsageError
from extractor.writers import choose_writer, open_output, open_records, read_records, writers

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers import Invoke

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "tests" / "fixtures" / "records" / "papers.jsonl"
PAGE = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
[TITLES] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[ENTRY_POINTS] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

LOG = '''
"""A log that is read back: a mark, then one record as JSON on each line."""

import json
from contextlib import contextmanager

from extractor.errors import DumpError
from extractor.writers.base import open_to_read, open_to_write


class Log:
    name = "log"
    suffixes = (".log",)
    streams = False
    compresses = True
    has_columns = False

    @contextmanager
    def open(self, target, schema):
        with open_to_write(target) as stream:
            stream.write(b"%LOG\\n")
            yield _Sink(stream)

    def recognises(self, head):
        return head.startswith(b"%LOG")

    def schema(self, path):
        return None

    def read(self, path):
        with open_to_read(path) as stream:
            next(stream)
            for line in stream:
                if not line.endswith(b"\\n"):
                    raise DumpError(f"{path} ends in the middle.")
                yield json.loads(line)


class _Sink:
    def __init__(self, stream):
        self._stream = stream

    def write(self, row):
        self._stream.write(json.dumps(row).encode() + b"\\n")


WRITER = Log()
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a package onto the path as an installer would: its module and its metadata."""
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(site))

    def install(package: str, module: str, code: str, entry_points: str) -> None:
        path = site.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
        for name in (module, module.partition(".")[0]):
            monkeypatch.delitem(sys.modules, name, raising=False)
        folder = site / f"{package.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(entry_points)

    return install


@pytest.fixture
def titles(install: Callable[..., None]) -> None:
    entry = re.sub(r'"', "", ENTRY_POINTS.replace("project.entry-points.", ""))
    install("my-formats", "my_formats.titles", TITLES, entry)


@pytest.fixture
def log(install: Callable[..., None]) -> None:
    install("log-format", "log_format", LOG, "[extractor.writers]\nlog = log_format:WRITER\n")


@pytest.fixture(params=["import nowhere_to_be_found", "raise OSError('nowhere_to_be_found')"])
def broken(install: Callable[..., None], request: pytest.FixtureRequest) -> None:
    entry = "[extractor.writers]\nbroken = broken_format:WRITER\ncsv = broken_format:WRITER\n"
    install("broken-format", "broken_format", f"{request.param}\n", entry)


@pytest.fixture
def convert(invoke: Invoke) -> Callable[..., str]:
    """Run ``extractor convert``, which succeeds, and give its standard output."""

    def run(*arguments: object) -> str:
        code, out, err = invoke("convert", *arguments)
        assert code == 0, err
        return out

    return run


@pytest.mark.usefixtures("titles")
class TestTheFormatOfTheDocs:
    def test_from_python(self, tmp_path: Path) -> None:
        out = tmp_path / "methods.titles.gz"
        writer = choose_writer(None, out)
        assert writer.name == "titles"
        with open_output(writer, out, {}) as sink:
            for row in read_records(RECORDS):
                sink.write(row)
        first, *others = gzip.decompress(out.read_bytes()).decode().splitlines()
        assert first.endswith("(SpliceCache)")
        assert len(others) == 7

    def test_on_the_command_line(self, convert: Callable[..., str], tmp_path: Path) -> None:
        convert(RECORDS, tmp_path / "methods.titles")
        written = (tmp_path / "methods.titles").read_text(encoding="utf-8")
        assert convert(RECORDS, "-", "--format", "titles") == written

    def test_it_is_a_format_among_the_others(self) -> None:
        assert {"json", "jsonl", "csv", "parquet", "sqlite", "titles"} <= set(writers())
        with pytest.raises(UsageError, match=r"\btitles\b"):
            choose_writer("ods", None)
        with pytest.raises(UsageError, match=r"\.titles"):
            choose_writer(None, Path("r.ods"))

    def test_it_is_not_imported_for_a_built_in_format(
        self, convert: Callable[..., str], tmp_path: Path
    ) -> None:
        convert(RECORDS, tmp_path / "r.sqlite")
        convert(tmp_path / "r.sqlite", tmp_path / "r.parquet")
        assert "my_formats.titles" not in sys.modules

    def test_it_is_not_read_back(self, convert: Callable[..., str], tmp_path: Path) -> None:
        convert(RECORDS, tmp_path / "r.titles")
        with pytest.raises(DumpError, match="These are read: json, jsonl, parquet, sqlite"):
            open_records(tmp_path / "r.titles")


@pytest.mark.usefixtures("log")
class TestAFormatThatIsReadBack:
    def test_records_come_back(self, convert: Callable[..., str], tmp_path: Path) -> None:
        convert(RECORDS, tmp_path / "r.log")
        convert(tmp_path / "r.log", tmp_path / "r.sqlite")
        convert(tmp_path / "r.sqlite", tmp_path / "r.jsonl")
        assert (tmp_path / "r.jsonl").read_bytes() == RECORDS.read_bytes()

    def test_a_damaged_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "r.log").write_bytes(b'%LOG\n{"id": "1"}')
        with pytest.raises(DumpError, match=r"r\.log ends in the middle"):
            list(read_records(tmp_path / "r.log"))

    def test_it_may_be_refused_on_standard_output(self) -> None:
        with pytest.raises(UsageError, match="log cannot be written to standard output"):
            choose_writer("log", None)


@pytest.mark.usefixtures("broken")
class TestABrokenPlugin:
    def test_the_error_names_the_package(self) -> None:
        for name, out in (("broken", None), (None, Path("r.unknown"))):
            with pytest.raises(UsageError) as error:
                choose_writer(name, out)
            assert "'broken' of the package broken-format" in error.value.message
            assert "nowhere_to_be_found" in error.value.message
            assert "Update broken-format" in error.value.hint

    def test_other_formats_do_not_suffer(self, convert: Callable[..., str], tmp_path: Path) -> None:
        convert(RECORDS, tmp_path / "r.csv")
        convert(RECORDS, tmp_path / "r.json")
        assert json.loads((tmp_path / "r.json").read_bytes())
        assert choose_writer("csv", Path("r.csv")).has_columns

    def test_what_is_not_a_writer_is_refused(self, install: Callable[..., None]) -> None:
        entry = "[extractor.writers]\nnothing = not_a_writer:WRITER\n"
        install("not-a-writer", "not_a_writer", "WRITER = 'csv'\n", entry)
        with pytest.raises(UsageError, match=r"not-a-writer .* is a str and not a Writer"):
            choose_writer("nothing", None)
