"""What can be read of a damaged database: every row whose own pages are whole, none altered."""

from __future__ import annotations

import shutil
import struct
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor.llm.store import AnswerStore
from extractor.llm.store.recovery import readable_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = 4096
KINDS = ("bit", "swap", "zero", "cut", "log")


class Whole(NamedTuple):
    """A database with rows of several sizes, some of them only in its log."""

    file: bytes
    log: bytes
    texts: dict[str, str]

    def logged(self) -> dict[int, bytes]:
        """The pages in the log: each one's last frame."""
        frames = (self.log[at : at + 24 + PAGE] for at in range(32, len(self.log), 24 + PAGE))
        return {struct.unpack(">I", frame[:4])[0] - 1: frame[24:] for frame in frames}

    def untouched(self, touched: set[int], *, log: bool) -> set[str]:
        """The keys of rows that lie in no page that was touched."""
        pages = dict(enumerate(batched_pages(self.file)))
        if log:
            pages |= self.logged()
            touched = touched - self.logged().keys()
        there, spoilt = (
            b"".join(page for number, page in pages.items() if (number in touched) is bad)
            for bad in (False, True)
        )
        marks = {key: text[-12:-2].encode() for key, text in self.texts.items()}
        return {key for key, mark in marks.items() if mark in there and mark not in spoilt}


def batched_pages(file: bytes) -> Iterator[bytes]:
    for at in range(0, len(file), PAGE):
        yield file[at : at + PAGE]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    texts = {f"{i:064x}": f'{{"m":"{f"<row{i:04}> " * (60 + i * 37 % 900)}"}}' for i in range(120)}
    rows = list(texts.items())
    with closing(AnswerStore(folder)) as store:
        store.write(rows[:80])
    with closing(AnswerStore(folder)) as store:
        store.write(rows[80:])
        log = (folder / "cache.db-wal").read_bytes()
        return Whole((folder / "cache.db").read_bytes(), log, texts)


def _damaged(whole: Whole, kind: str, first: int, second: int, file: bytearray) -> set[int]:
    """Damage the file in one place; returns the pages that were touched."""
    one, other = (at % (len(whole.file) // PAGE) for at in (first, second))
    if kind == "bit" and first % len(whole.file) < len(file):
        file[first % len(whole.file)] ^= 1 << second % 8
        return {first % len(whole.file) // PAGE}
    places = [slice(number * PAGE, number * PAGE + PAGE) for number in (one, other)]
    if kind == "swap" and max(one, other) < len(file) // PAGE:
        file[places[0]], file[places[1]] = file[places[1]], file[places[0]]
        return {one, other}
    if kind == "zero" and one < len(file) // PAGE:
        file[places[0]] = bytes(PAGE)
        return {one}
    if kind == "cut":
        del file[first % len(whole.file) :]
        return set(range(first % len(whole.file) // PAGE, len(whole.file) // PAGE))
    return set()


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    damages=st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(0, 2**31), st.integers(0, 2**31)), max_size=4
    )
)
def test_damage_takes_no_row_but_those_in_its_own_pages(
    whole: Whole, tmp_path: Path, damages: list[tuple[str, int, int]]
) -> None:
    file, touched = bytearray(whole.file), set[int]()
    for damage in damages:
        touched |= _damaged(whole, *damage, file)
    has_log = "log" not in {kind for kind, _, _ in damages}
    shutil.rmtree(tmp_path / "s", ignore_errors=True)
    (tmp_path / "s").mkdir()
    database = tmp_path / "s" / "cache.db"
    database.write_bytes(file)
    if has_log:
        database.with_name("cache.db-wal").write_bytes(whole.log)
    wanted = whole.untouched(touched, log=has_log)
    assert len(wanted) >= 40 or touched or not has_log
    found = {row[0] for row in readable_rows(database) if row is not None}
    assert wanted <= found
    with closing(AnswerStore(tmp_path / "s")) as store:
        store.check()
        texts = {key: store.text(key) for key in whole.texts}
    assert all(text in (None, whole.texts[key]) for key, text in texts.items())
