"""What all requests begin with: read once, kept on disk, restored, and never trusted unchecked."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from extractor import read_dump
from extractor.approaches import choose_approach
from extractor.llm.own_files import prefixes_dir
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings
from extractor.llm.weights import prefixes
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL
from extractor.llm.weights.prefixes import KeptPrefix
from extractor.task import load_task

if TYPE_CHECKING:
    from helpers import Invoke

STATE = bytes(range(256)) * 10
EXAMPLES = Path(__file__).parent.parent / "examples" / "papers.txt"


def kept(tmp_path: Path, state: bytes = STATE, **conditions: object) -> KeptPrefix:
    """A prefix that has been kept under these conditions."""
    source = tmp_path / "saved"
    source.write_bytes(state)
    prefix = KeptPrefix("a" * 64, conditions)
    prefix.keep(source)
    return prefix


def test_a_kept_state_comes_back_whole(tmp_path: Path) -> None:
    prefix = kept(tmp_path, engine="1")
    assert prefix.restore(tmp_path / "restored")
    assert (tmp_path / "restored").read_bytes() == STATE
    assert [file.name for file in prefixes_dir().iterdir()] == [prefix.path.name]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "gone", "another"])
def test_a_state_that_is_not_whole_is_made_anew(tmp_path: Path, damage: str) -> None:
    prefix = kept(tmp_path, engine="1")
    whole = prefix.path.read_bytes()
    if damage == "gone":
        prefix.path.unlink()
    elif damage == "another":
        prefix.path.write_bytes(kept(tmp_path, engine="2").path.read_bytes())
    else:
        bad = {"cut": whole[:-1], "changed": whole[:-1] + b"?", "empty": b""}
        prefix.path.write_bytes(bad[damage])
    assert not prefix.restore(tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    kept(tmp_path, engine="1")
    assert prefix.restore(tmp_path / "restored")


def test_another_engine_or_prompt_has_another_state(tmp_path: Path) -> None:
    kept(tmp_path, engine="1", opening="Kinds:")
    for other in ({"engine": "2", "opening": "Kinds:"}, {"engine": "1", "opening": "Names:"}):
        assert not KeptPrefix("a" * 64, other).restore(tmp_path / "restored")
    assert not KeptPrefix("b" * 64, {"engine": "1", "opening": "Kinds:"}).restore(tmp_path / "r")


def test_those_that_were_used_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefixes, "_MOST_FILES", 3)
    made = []
    for number in range(3):
        made.append(kept(tmp_path, number=number))
        os.utime(made[-1].path, (number, number))
    assert made[0].restore(tmp_path / "restored")
    kept(tmp_path, number=3)
    there = [prefix.restore(tmp_path / "restored") for prefix in made]
    assert there == [True, False, True]


def test_no_more_bytes_are_kept_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefixes, "_MOST_BYTES", 3 * len(STATE))
    for number in range(5):
        kept(tmp_path, number=number)
    kept(tmp_path, STATE * 4, number=5)
    assert prefixes.size()[0] == 2


def test_processes_that_keep_it_at_once_do_no_harm(tmp_path: Path) -> None:
    prefix, source = kept(tmp_path, engine="1"), tmp_path / "saved"
    keeping = [threading.Thread(target=prefix.keep, args=(source,)) for _ in range(8)]
    for each in keeping:
        each.start()
    assert all(prefix.restore(tmp_path / "restored") for _ in range(20))
    for each in keeping:
        each.join()
    assert prefixes.size()[0] == 1


def test_a_disk_that_takes_nothing_is_no_fault(tmp_path: Path) -> None:
    prefixes_dir().parent.mkdir(parents=True, exist_ok=True)
    prefixes_dir().write_text("no folder")
    assert not kept(tmp_path, engine="1").restore(tmp_path / "restored")


def test_the_command_tells_and_removes_them(tmp_path: Path, invoke: Invoke) -> None:
    kept(tmp_path, engine="1")
    kept(tmp_path, engine="2")
    assert "2 prefixes" in invoke("models", "list").out
    assert "Removed 2" in invoke("models", "clear").err
    assert "prefix" not in invoke("models", "list").out


def test_weights_that_are_removed_take_theirs_along(tmp_path: Path, invoke: Invoke) -> None:
    source = tmp_path / "saved"
    source.write_bytes(STATE)
    KeptPrefix(CATALOG[DEFAULT_MODEL].sha256, {}).keep(source)
    kept(tmp_path)
    invoke("models", "rm", DEFAULT_MODEL)
    assert prefixes.size()[0] == 1


@pytest.mark.parametrize("name", ["candidates", "full-schema"])
def test_every_request_of_a_paper_begins_as_the_opening_does(name: str) -> None:
    task, endpoint = load_task("paper"), provider_for(ModelSettings()).endpoint
    approach = choose_approach(name, task, endpoint)(task, endpoint)
    opening = approach.opening()
    first = (next(approach.requests(paper), None) for paper in read_dump(EXAMPLES))
    request = next(filter(None, first))
    assert opening is not None
    assert opening.path == request.path
    if "prompt" in request.body:
        assert request.body["prompt"].startswith(opening.body["prompt"])
    else:
        *fixed, user = opening.body["messages"]
        assert request.body["messages"][:-1] == fixed
        assert request.body["messages"][-1]["content"].startswith(user["content"])
    assert "LoomNet" not in str(opening.body)
