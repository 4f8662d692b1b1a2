"""docs/formats.md says what is so: every format has its section and the code runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import extractor.readers
from extractor.paper import Paper
from extractor.readers import Unreadable, base, open_dump, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Invoke

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SECTIONS = re.findall(r"^### `([\w-]+)`: (.*)\n\n((?:.+\n)+)", PAGE, re.MULTILINE)


def test_every_format_has_a_section_under_its_own_title() -> None:
    titles = sorted((name, reader.title) for name, reader in readers().items())
    assert sorted((name, title) for name, title, _ in SECTIONS) == titles


@pytest.mark.parametrize(("name", "lines"), [(name, text) for name, _, text in SECTIONS])
def test_section_says_where_people_get_such_files_and_how_they_are_recognised(
    name: str, lines: str
) -> None:
    first, second, *_ = lines.split("\n- ")
    assert first.startswith("- *From*: "), name
    assert second.startswith("*Recognised by*"), name


def test_page_lists_what_the_command_prints(invoke: Invoke) -> None:
    (shown,) = re.findall(r"\$ extractor formats\n(.*?)```", PAGE, re.DOTALL)
    assert shown == invoke("formats").out


def test_names_of_fields_are_all_told() -> None:
    told = {re.sub("_", "", name) for name in re.findall(r"`(\w+)`", PAGE)}
    assert {*base.TITLES, *base.ABSTRACTS, *base.IDS} <= told


def test_example_from_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(CODE[0], names)
    size = (ROOT / "examples" / "papers.txt").stat().st_size
    assert len(names["titles"]) == 12  # type: ignore[arg-type]
    assert names["files"] == {"examples/papers.txt"}
    assert names["unreadable"] == []
    assert names["read"] == f"{size} of {size} bytes of text"


@pytest.fixture
def redif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "redif_of_the_docs.py").write_text(CODE[1], encoding="utf-8")
    monkeypatch.setattr(extractor.readers, "__path__", [*extractor.readers.__path__, str(tmp_path)])
    readers.cache_clear()
    yield
    readers.cache_clear()


@pytest.mark.usefixtures("redif")
def test_format_of_the_docs_is_found_and_reads(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_text(
        "Template-Type: ReDIF-Paper 1.0\nTitle: Lanterns\nHandle: a1\nAbstract: We ask.\n\n"
        "Template-Type: ReDIF-Book 1.0\nTitle: Only a Title\n\n"
        "Template-Type: ReDIF-Paper 1.0\nTitle: Caches\nAbstract: We forget.\n"
    )
    with open_dump(dump) as opened:
        assert opened.format == "redif"
        first, without_abstract, last = opened
    assert first == Paper("a1", "Lanterns", "We ask.")
    assert last == Paper("2", "Caches", "We forget.")
    assert isinstance(without_abstract, Unreadable)
    assert (without_abstract.line, without_abstract.title) == (6, "Only a Title")
