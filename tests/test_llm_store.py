"""The store: durable before published, shared, never evicting, never trusting, hard to ruin."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import random
import re
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import diskcache  # type: ignore[import-untyped]
import pytest
from engine_runs import papers, run
from fault_server import FaultServer, answer
from pydantic_core import from_json, to_json

from extractor.errors import CacheError
from extractor.llm.answer import Answer, Usage
from extractor.llm.budget import Spent
from extractor.llm.client import CachedClient, request_key
from extractor.llm.store import AnswerStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Invoke

ANSWER = Answer({"role": "assistant", "content": "{}"}, "stop", Usage(9, 1, 2, 1), 12.5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    with closing(AnswerStore(tmp_path / "answers")) as opened:
        yield opened


def test_what_is_stored_comes_back_as_cached(store: AnswerStore) -> None:
    store.put("k", ANSWER)
    assert store.get("k") == replace(ANSWER, cached=True)
    assert store.get("other") is None
    assert len(store) == 1


def test_a_later_answer_takes_the_place_of_an_earlier_one(store: AnswerStore) -> None:
    store.put("k", ANSWER)
    store.put("k", replace(ANSWER, paid_at=99.0))
    found = store.get("k")
    assert found is not None
    assert found.paid_at == 99.0
    assert len(store) == 1


def test_another_process_sees_a_row_before_its_future_is_done(store: AnswerStore) -> None:
    """Durable, then published: a second connection reads the row at the moment of the news."""

    async def fill() -> int:
        seen = 0
        for i in range(20):
            await asyncio.gather(*(store.store(f"{i}/{j}", ANSWER) for j in range(9)))
            with closing(sqlite3.connect(store.directory / "cache.db")) as other:
                ((seen,),) = other.execute("SELECT COUNT(*) FROM Cache").fetchall()
            assert seen == 9 * (i + 1)
        return seen

    assert asyncio.run(fill()) == 180


def test_answers_that_wait_share_a_transaction(
    store: AnswerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[int] = []
    all_wait = threading.Event()
    write = store._bulk.write

    def counted(rows: Any) -> None:
        assert all_wait.wait(60)
        transactions.append(len(rows))
        write(rows)

    monkeypatch.setattr(store._bulk, "write", counted)

    async def fill() -> None:
        stored = [store.store(str(i), ANSWER) for i in range(300)]
        all_wait.set()
        await asyncio.gather(*stored)

    asyncio.run(fill())
    assert len(store) == 300
    assert sum(transactions) == 300
    assert len(transactions) <= 3  # what the first one took, and the rest in batches of 200


def test_answers_of_one_turn_of_the_loop_share_a_transaction(
    store: AnswerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[int] = []
    write = store._bulk.write
    monkeypatch.setattr(
        store._bulk, "write", lambda rows: (transactions.append(len(rows)), write(rows))
    )

    async def fill() -> None:
        stored = []
        for i in range(6):
            stored.append(store.store(str(i), ANSWER))
            time.sleep(0.02)  # noqa: ASYNC251 -- the writer could begin with the first one
        await asyncio.gather(*stored)

    asyncio.run(fill())
    assert sum(transactions) == 6
    assert len(transactions) <= 2  # the thread may run while they are handed over


def test_closing_stores_what_still_waits(tmp_path: Path) -> None:
    async def leave() -> None:
        store = AnswerStore(tmp_path)
        for i in range(500):
            store.store(str(i), ANSWER)
        store.close()

    asyncio.run(leave())
    with closing(AnswerStore(tmp_path)) as store:
        assert len(store) == 500


def test_a_full_disk_is_a_clear_error(store: AnswerStore) -> None:
    store._bulk.connection.execute("PRAGMA max_page_count = 20")

    async def fill() -> None:
        await store.store("k", replace(ANSWER, message={"content": "x" * 10**6}))

    with pytest.raises(CacheError, match=r"full.*Free space"):
        asyncio.run(fill())


def test_processes_share_a_directory(tmp_path: Path) -> None:
    writer = (
        "import asyncio, sys; from pathlib import Path\n"
        "from extractor.llm.store import AnswerStore\n"
        "from extractor.llm.answer import Answer, Usage\n"
        "async def fill(store, who):\n"
        "    for i in range(40):\n"
        "        rows = (f'{who}/{i}/{j}' for j in range(5))\n"
        "        a = Answer({'content': who}, 'stop', Usage(), 1.0)\n"
        "        await asyncio.gather(*(store.store(key, a) for key in [*rows, f'both/{i}']))\n"
        "store = AnswerStore(Path(sys.argv[1]))\n"
        "asyncio.run(fill(store, sys.argv[2])); store.close()\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", writer, str(tmp_path), who]) for who in "abc"
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    with closing(AnswerStore(tmp_path)) as store:
        assert len(store) == 3 * 40 * 5 + 40


def _plant(
    store: AnswerStore, key: object, raw: int, mode: int, filename: object, value: object
) -> None:
    with closing(sqlite3.connect(store.directory / "cache.db")) as database:
        database.execute(
            "INSERT INTO Cache (key, raw, store_time, access_time, mode, filename, value) "
            "VALUES (?, ?, 0, 0, ?, ?, ?)",
            (key, raw, mode, filename, value),
        )
        database.commit()


class _Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("mode", [0, 2, 3, 4])
def test_a_planted_pickle_is_a_damaged_row_and_never_run(
    store: AnswerStore, tmp_path: Path, mode: int
) -> None:
    _plant(store, "k", 1, mode, None, pickle.dumps(_Payload(tmp_path / "ran")))
    assert store.get("k") is None
    assert store.damaged == {"k"}
    assert not (tmp_path / "ran").exists()


def test_a_planted_file_name_is_neither_read_nor_deleted(
    store: AnswerStore, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text('{"message": {}}')
    for mode in (1, 2, 3, 4):
        _plant(store, f"k{mode}", 1, mode, str(victim), None)
        assert store.get(f"k{mode}") is None
    store.put("k1", ANSWER)
    assert store.get("k1") is not None
    store.clear()
    assert victim.exists()


@pytest.mark.parametrize("column", ["raw", "mode", "filename", "expire_time", "tag", "size"])
def test_other_columns_of_a_row_do_not_matter(store: AnswerStore, column: str) -> None:
    """The checksum says that the text is what was stored under this key."""
    store.put("k", ANSWER)
    for value in (0, 5, 2**62, "text", b"\xff", -1.5):
        with closing(sqlite3.connect(store.directory / "cache.db")) as database:
            database.execute(f"UPDATE Cache SET {column} = ?", (value,))
            database.commit()
        assert store.get("k") == replace(ANSWER, cached=True)
    store.put("k", replace(ANSWER, paid_at=99.0))
    assert store.get("k") is not None
    assert store.damaged == set()


@pytest.mark.parametrize("value", ["NULL", "7", "1.5", "x'ff00'", "zeroblob(9)", "'text'"])
def test_a_value_of_another_type_counts_as_absent(store: AnswerStore, value: str) -> None:
    store.put("k", ANSWER)
    asyncio.run(_stored(store, "run:1"))
    with closing(sqlite3.connect(store.directory / "cache.db")) as database:
        database.execute(f"UPDATE Cache SET value = {value}")
        database.execute("INSERT INTO Cache (key, raw) VALUES (CAST(x'72756e3a313aff' AS TEXT), 1)")
        database.commit()
    assert store.get("k") is None
    assert store.text("run:1") is None
    assert store.texts("run:1") == {}
    assert store.damaged == {"k", "run:1", "run:1:\ufffd"}
    store.put("k", ANSWER)
    assert store.get("k") == replace(ANSWER, cached=True)


async def _stored(store: AnswerStore, key: str) -> None:
    await store.commits.store((key, "{}"))


def test_a_planted_pickle_as_a_key_is_not_run(store: AnswerStore, tmp_path: Path) -> None:
    store.put("answer", ANSWER)
    asyncio.run(_stored(store, "run:1"))
    _plant(store, pickle.dumps(_Payload(tmp_path / "ran")), 0, 1, None, "{}")
    assert store.clear() == 2, "the planted row, and not the run's"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[1]", '{"message": {}}', "{\x00"])
def test_a_damaged_row_counts_as_absent_and_is_counted(store: AnswerStore, text: str) -> None:
    store._bulk.write([("k", text)])
    assert store.get("k") is None
    assert store.damaged == {"k"}


def _filled(directory: Path, rows: int = 400) -> Path:
    with closing(AnswerStore(directory)) as store:
        for i in range(0, rows, 100):
            text = replace(ANSWER, message={"content": "x" * 1000}).to_json()
            store._bulk.write([(f"key{j}", text) for j in range(i, i + 100)])
    return directory / "cache.db"


def _damage_header(database: Path) -> None:
    with database.open("r+b") as file:
        file.write(b"no database at all, whatever one may say of it")


def _damage_first_page(database: Path) -> None:
    with database.open("r+b") as file:
        file.write(bytes(4096))


def _damage_settings(database: Path) -> None:
    """Nothing that SQLite would notice."""
    with closing(sqlite3.connect(database)) as planted:
        planted.execute("UPDATE Settings SET key = 'disk_pickle_protocom' WHERE key LIKE 'disk_p%'")
        planted.execute("UPDATE Settings SET value = 'x' WHERE key LIKE 'disk_%' OR key = 'count'")
        planted.commit()


def _damage_middle(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(database.stat().st_size // 2)
        file.write(b"\xa5" * 20_000)


def _truncate(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def _half_written_log(database: Path) -> None:
    database.with_name("cache.db-wal").write_bytes(b"\x37\x7f\x06\x82" + b"half of a page" * 300)


@pytest.mark.parametrize(
    ("damage", "least"),
    [
        (_damage_header, 400),
        (_damage_first_page, 400),
        (_damage_settings, 400),
        (_damage_middle, 300),
        (_truncate, 100),
        (_half_written_log, 400),
    ],
)
def test_a_damaged_database_is_set_aside_and_takes_nothing_else_with_it(
    tmp_path: Path, damage: Any, least: int
) -> None:
    neighbour = tmp_path / "notes.txt"
    neighbour.write_text("mine")
    damage(_filled(tmp_path))
    with closing(AnswerStore(tmp_path)) as store:
        kept = sum(store.get(f"key{i}") is not None for i in range(400))
        store.put("new", ANSWER)
        assert store.get("new") is not None
        assert least <= kept <= 400
        if damage is _half_written_log:  # SQLite's own business: it was never committed
            assert store.notes == []
        else:
            (note,) = store.notes
            assert "damaged" in note
            assert f"{kept:,} of its answers" in note
    assert neighbour.read_text() == "mine"
    with closing(AnswerStore(tmp_path)) as again:
        copies = list(tmp_path.glob("cache.db.damaged-*[0-9]"))
        assert len(again.notes) == len(copies) == (damage is not _half_written_log)
        assert all(str(copy) in note for copy, note in zip(copies, again.notes, strict=True))
        assert sum(again.get(f"key{i}") is not None for i in range(400)) == kept
    for copy in tmp_path.glob("cache.db.damaged-*[0-9]"):
        copy.unlink()
    with closing(AnswerStore(tmp_path)) as dealt_with:
        assert dealt_with.notes == []
    assert not list(tmp_path.glob("*damaged*")), "nor is its log left"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("damage", [None, _damage_header])
def test_new_files_are_private_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Any
) -> None:
    """Nobody could open them in between either: no call makes them with other permissions."""
    before = os.umask(0)
    try:
        chmod = AssertionError("a file that was not private")
        for module, name in ((os, "chmod"), (os, "fchmod"), (Path, "chmod")):
            monkeypatch.setattr(module, name, lambda *_: (_ for _ in ()).throw(chmod))
        directory = tmp_path / "new" / "answers"
        if damage:
            damage(_filled(directory))
        with closing(AnswerStore(directory)) as store:
            store.put("k", ANSWER)
            made = [directory, *directory.rglob("*")]
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
    finally:
        os.umask(before)
    assert {"answers", "cache.db", "cache.db-wal", "cache.db-shm"} <= modes.keys()
    assert not {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("inside", [None, "something", "cache.db"])
def test_a_directory_that_exists_is_left_as_it_is(tmp_path: Path, inside: str | None) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    if inside:
        (shared / inside).touch()
    shared.chmod(0o2775)
    AnswerStore(shared).close()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o2775


def test_clearing_removes_damaged_copies_too(tmp_path: Path, invoke: Invoke) -> None:
    directory = tmp_path / "answers"
    neighbour = tmp_path / "answers" / "cache.db.mine"
    for _ in range(2):
        _damage_first_page(_filled(directory))
        AnswerStore(directory).close()
    neighbour.touch()
    code, _, err = invoke("cache", "clear", "--yes", "--cache-dir", directory)
    assert code == 0
    assert re.fullmatch(r"Deleted \d+ answers and 2 damaged copies\.\n", err)
    assert not list(directory.glob("*damaged*"))
    assert neighbour.exists()
    code, out, err = invoke("cache", "info", "--cache-dir", directory)
    assert (code, err) == (0, "")
    assert "answers    0\n" in out


@pytest.mark.parametrize("renamed", [("",), ("", "-wal"), ("", "-wal", "-shm")])
def test_a_recovery_that_was_killed_is_done_again(tmp_path: Path, renamed: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, "-c", _FILL_AND_DIE, str(tmp_path)], check=True)
    assert (tmp_path / "cache.db-wal").stat().st_size, "the answers are in the log"
    for ending in renamed:
        (tmp_path / f"cache.db{ending}").rename(tmp_path / f"cache.db.damaged-x{ending}")
    (tmp_path / "recovering").mkdir()
    (tmp_path / "recovering" / "cache.db").write_bytes(b"half of it")
    with closing(AnswerStore(tmp_path)) as store:
        assert all(store.get(str(i)) is not None for i in range(9))
        assert not (tmp_path / "recovering").exists()


_FILL_AND_DIE = (
    "import os, sys; from pathlib import Path\n"
    "from extractor.llm.store import AnswerStore\n"
    "from extractor.llm.answer import Answer, Usage\n"
    "store = AnswerStore(Path(sys.argv[1]))\n"
    "for i in range(9): store.put(str(i), Answer({}, 'stop', Usage(), 1.0))\n"
    "os._exit(0)\n"
)


@pytest.mark.parametrize("content", [None, b"", b"x", b"xy", b"x" * 99, b"x" * 5000])
@pytest.mark.parametrize("with_log", [True, False])
def test_an_emptied_database_is_a_damaged_one(
    tmp_path: Path, content: bytes | None, with_log: bool
) -> None:
    """SQLite takes up to one byte for a new database, and deletes the log without a word."""
    subprocess.run([sys.executable, "-c", _FILL_AND_DIE, str(tmp_path)], check=True)
    (tmp_path / "cache.db").unlink()
    if content is not None:
        (tmp_path / "cache.db").write_bytes(content)
    if not with_log:
        (tmp_path / "cache.db-wal").unlink()
    for _ in range(2):
        with closing(AnswerStore(tmp_path)) as store:
            found = [store.get(str(i)) is not None for i in range(9)]
            notes = store.notes
        assert found == [with_log] * 9
        assert bool(notes) == (with_log or content is not None)
        assert all("damaged" in note for note in notes)
    copies = [copy.read_bytes() for copy in tmp_path.glob("cache.db.damaged-*[0-9]")]
    assert copies == ([content or b""] if notes else [])


def test_a_log_without_a_database_takes_no_earlier_copy_with_it(tmp_path: Path) -> None:
    earlier = tmp_path / "cache.db.damaged-x"
    for ending in ("", "-wal"):
        earlier.with_name(earlier.name + ending).write_text(f"earlier{ending}")
    subprocess.run([sys.executable, "-c", _FILL_AND_DIE, str(tmp_path / "new")], check=True)
    (tmp_path / "new" / "cache.db-wal").rename(tmp_path / "cache.db-wal")
    with closing(AnswerStore(tmp_path)) as store:
        assert len(store) == 9
    assert earlier.with_name("cache.db.damaged-x-wal").read_text() == "earlier-wal"


def test_a_database_whose_creation_was_killed_is_new(tmp_path: Path) -> None:
    (tmp_path / "cache.db").touch()
    (tmp_path / "recovery.lock").touch()
    with closing(AnswerStore(tmp_path)) as store:
        assert store.notes == []


@pytest.mark.parametrize(
    ("damage", "rows", "saved"),
    [
        ("UPDATE Cache SET value = 'x' || value WHERE key = 'key7'", 1, 400),
        ("PRAGMA writable_schema = 1; UPDATE sqlite_master SET "
         "sql = replace(sql, '(key, raw)', '(raw, key)')", 0, 400),
    ],
)  # fmt: skip
def test_info_counts_the_damage_that_no_run_would_see(
    damage: str, rows: int, saved: int, tmp_path: Path, invoke: Invoke
) -> None:
    with closing(sqlite3.connect(_filled(tmp_path))) as database:
        database.executescript(damage)
    code, out, err = invoke("cache", "info", "--cache-dir", tmp_path)
    assert code == 0
    assert f"answers    {saved}\n" in out
    assert ("damaged    1 row:" in out) == bool(rows)
    assert (f"{saved} of its answers" in err) == (not rows)


def test_a_recovery_counts_the_rows_that_it_leaves_out(tmp_path: Path) -> None:
    database = _filled(tmp_path)
    with closing(sqlite3.connect(database)) as planted:
        planted.execute("UPDATE Cache SET value = substr(value, 5) WHERE rowid % 100 = 0")
        planted.execute("UPDATE Cache SET raw = 0, mode = 4 WHERE rowid % 100 = 1")
        planted.commit()
    _damage_first_page(database)
    with closing(AnswerStore(tmp_path)) as store:
        assert "396 of its answers could be read and are kept, 4 damaged rows" in store.notes[0]


def test_no_flipped_bit_alters_an_answer(tmp_path: Path) -> None:
    """Each answer is what was stored, or absent; the store can be written to afterwards."""
    with closing(AnswerStore(tmp_path / "whole")) as store:
        wanted = {
            f"{i:064x}": replace(ANSWER, message={"content": f"{i}" * (i % 99)}, cached=True)
            for i in range(120)
        }
        store._bulk.write([(key, stored.to_json()) for key, stored in wanted.items()])
    whole = (tmp_path / "whole" / "cache.db").read_bytes()
    chance, lost = random.Random(20261126), 0
    for number in range(200):
        flipped, place = bytearray(whole), chance.randrange(8 * len(whole))
        flipped[place // 8] ^= 1 << place % 8
        (folder := tmp_path / str(number)).mkdir()
        (folder / "cache.db").write_bytes(flipped)
        with closing(AnswerStore(folder)) as store:
            found = {key: store.get(key) for key in wanted}
            store.put("new", ANSWER)
        assert all(found[key] in (wanted[key], None) for key in wanted), place
        lost += list(found.values()).count(None)
    assert lost < 200 * 2, "a bit takes few answers with it"


def test_a_row_under_a_wrong_key_counts_as_absent(store: AnswerStore) -> None:
    store.put("mine", ANSWER)
    with closing(sqlite3.connect(store.directory / "cache.db")) as database:
        database.execute("UPDATE Cache SET key = 'other'")
        database.commit()
    assert store.get("other") is None
    assert store.damaged == {"other"}


def test_rows_of_versions_without_checksums_are_read_and_survive_a_recovery(tmp_path: Path) -> None:
    with closing(diskcache.Cache(str(tmp_path), disk_min_file_size=2**62)) as old:
        old["k"] = ANSWER.to_json()
        old["damaged"] = ANSWER.to_json()[:-1]
    for damage in (lambda _: None, _damage_first_page):
        damage(tmp_path / "cache.db")
        with closing(AnswerStore(tmp_path)) as store:
            assert store.get("k") == replace(ANSWER, cached=True)
            assert store.get("damaged") is None


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("usage", 7),
        ("usage", [1, 2, "x", 4]),
        ("usage", [1] * 5),
        ("message", []),
        ("paid_at", "x"),
    ],
)
def test_right_json_of_wrong_types_counts_as_absent(
    store: AnswerStore, row: str, value: object
) -> None:
    store._bulk.write([("k", to_json({**from_json(ANSWER.to_json()), row: value}).decode())])
    assert store.get("k") is None
    assert store.damaged == {"k"}


def test_first_runs_and_clearings_at_once_are_no_errors(tmp_path: Path) -> None:
    _at_once(8, tmp_path, "store = AnswerStore(folder); store.close()")
    _filled(tmp_path)
    _at_once(4, tmp_path, "store = AnswerStore(folder); store.clear(); store.close()")
    _damage_first_page(_filled(tmp_path))
    _at_once(4, tmp_path, "store = AnswerStore(folder); assert len(store) == 400; store.close()")
    assert len(list(tmp_path.glob("cache.db.damaged-*[0-9]"))) == 1


def _at_once(count: int, folder: Path, what: str) -> None:
    """Do it in processes that begin together."""
    code = (
        "import sys; from pathlib import Path; from extractor.llm.store import AnswerStore\n"
        "folder = Path(sys.argv[1]); print(); sys.stdout.flush(); sys.stdin.readline()\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code + what, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    ends = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        ends.append((process.communicate()[1], process.returncode))
    assert ends == [("", 0)] * count


def test_only_a_full_disk_is_said_to_need_space(tmp_path: Path) -> None:
    with closing(AnswerStore(tmp_path)) as store:
        store._bulk.connection.execute("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for what in (lambda: store.put("k", ANSWER), store.clear):
                with pytest.raises(CacheError, match=r"locked.*other processes") as caught:
                    what()
                assert "Free space" not in str(caught.value)
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match="Check its permissions") as caught:
        AnswerStore(tmp_path / "file")
    assert "Free space" not in str(caught.value)


def test_a_run_over_a_damaged_cache_says_so_and_goes_on(tmp_path: Path) -> None:
    with FaultServer() as server:
        run(server.url, papers(50), tmp_path)
        _damage_header(tmp_path / "cache.db")
        ran = run(server.url, papers(50), tmp_path)
        again = run(server.url, papers(50), tmp_path)
    assert len(ran.records) == 50
    assert "damaged" in ran.notes[0]
    assert "damaged" in again.notes[0], "until it is dealt with"
    assert ran.spent.requests == again.spent.requests == 0


def test_damaged_rows_are_asked_again_and_said(tmp_path: Path) -> None:
    with FaultServer() as server:
        run(server.url, papers(50), tmp_path)
        with closing(sqlite3.connect(tmp_path / "cache.db")) as database:
            database.execute("UPDATE Cache SET value = substr(value, 1, 40) WHERE rowid % 5 = 0")
            database.commit()
        ran = run(server.url, papers(50), tmp_path)
    assert len(ran.records) == 50
    assert ran.spent == Spent(10, 0, 1000, 0, 200)
    assert "10 damaged rows" in ran.notes[0]


def test_a_process_follows_when_another_one_sets_the_database_aside(tmp_path: Path) -> None:
    _filled(tmp_path)
    with closing(AnswerStore(tmp_path)) as mine:
        (tmp_path / "cache.db").rename(tmp_path / "cache.db.damaged-x")
        for ending in ("-wal", "-shm"):
            (tmp_path / f"cache.db{ending}").unlink(missing_ok=True)
        with closing(AnswerStore(tmp_path)) as other:
            mine.put("k", ANSWER)
            assert other.get("k") is not None


@pytest.mark.parametrize("cull", [True, False])
def test_settings_planted_in_the_database_change_nothing(tmp_path: Path, cull: bool) -> None:
    database = _filled(tmp_path)
    with closing(sqlite3.connect(database)) as planted:
        for key, value in {"cull_limit": 10, "size_limit": 1, "eviction_policy": "none"}.items():
            planted.execute("UPDATE Settings SET value = ? WHERE key = ?", (value, key))
        planted.commit()
    with closing(AnswerStore(tmp_path)) as store:
        for i in range(50):
            store.put(f"more{i}", ANSWER)
        assert len(store) == 450


def test_nothing_is_evicted_past_the_default_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """diskcache by itself evicts rows beyond a limit: 1 GiB, here lowered to 256 KiB."""
    monkeypatch.setitem(diskcache.DEFAULT_SETTINGS, "size_limit", 2**18)
    text = replace(ANSWER, message={"content": "x" * 2**10}).to_json()
    rows = [(f"key{i}", text) for i in range(1300)]
    with closing(diskcache.Cache(str(tmp_path / "plain"))) as plain:
        with plain.transact():
            for key, value in rows:
                plain.set(key, value)
        assert len(plain) < 1300
    with closing(AnswerStore(tmp_path / "answers")) as store:
        for i in range(0, 1300, 100):
            store._bulk.write(rows[i : i + 100])
        store.put("last", ANSWER)
        assert store._cache.cull() == 0
        assert len(store) == 1301
        assert store.size() > 4 * 2**18
        assert all(store.text(key) == text for key, _ in rows)


def test_keys_hold_what_was_asked_and_of_whom_and_nothing_else() -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "model": "m", "temperature": 0.0}
    content = to_json(body)
    assert content == b'{"messages":[{"role":"user","content":"x"}],"model":"m","temperature":0.0}'
    keys = {
        request_key("task", "m@http://host/v1", content),
        request_key("task2", "m@http://host/v1", content),
        request_key("task", "m2@http://host/v1", content),
        request_key("task", "m@http://host/v1", to_json({**body, "temperature": 1.0})),
        request_key("task", "m@http://host/v1", to_json({**body, "messages": []})),
    }
    assert len(keys) == 5
    assert request_key("task", "m@http://host/v1", content) in keys


def test_the_key_of_the_account_is_not_part_of_it(tmp_path: Path) -> None:
    with FaultServer(answer) as server:
        run(server.url, papers(5), tmp_path, key="one")
        ran = run(server.url, papers(5), tmp_path, key="another")
    assert ran.spent.requests == 0
    assert len(ran.records) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="locks of an open file")
def test_papers_that_another_process_has_in_flight_leave_their_places_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process may be stopped or hang: that is said, and the others go on."""
    monkeypatch.setattr("extractor.llm.client.TOLD_SECONDS", 0.0)
    with FaultServer() as server:
        run(server.url, papers(40), tmp_path / "keys")
        with closing(sqlite3.connect(tmp_path / "keys" / "cache.db")) as database:
            rows = database.execute("SELECT key FROM Cache WHERE key NOT LIKE 'run:%'").fetchall()
        held = AnswerStore(tmp_path / "answers")
        assert all(held.claims.take(key) for (key,) in rows[:20])
        asked: list[int] = []
        done = threading.Event()

        def script(request: Any) -> Any:
            asked.append(1)
            if len(asked) == 20:
                done.set()
            return answer(request)

        server.script = script
        found: list[Any] = []
        running = threading.Thread(
            target=lambda: found.append(
                run(server.url, papers(40), tmp_path / "answers", concurrency=4)
            )
        )
        running.start()
        try:
            assert done.wait(30), "papers that nobody has claimed are asked"
        finally:
            held.close()
            running.join()
    (ran,) = found
    assert len(ran.records) == 40
    assert ran.spent.requests == 40
    (told,) = [line for line in ran.told if "Another process" in line]
    assert "end it" in told


async def test_the_error_of_a_call_that_nobody_awaits_is_not_printed(tmp_path: Path) -> None:
    """As at a full disk, which ends the run while other answers are being stored."""
    printed: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: printed.append(context))
    client = CachedClient("t", cast("Any", SimpleNamespace()), None)
    release = asyncio.Event()

    async def fails(*_: object, **__: object) -> Answer:
        await release.wait()
        raise CacheError("full")

    monkey = cast("Any", client)
    monkey._call = fails
    waiting = asyncio.ensure_future(_awaited(monkey._pay(SimpleNamespace(key="k"))))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    release.set()
    for _ in range(5):
        await asyncio.sleep(0)
    del waiting
    gc.collect()
    assert printed == []
    assert not client._in_flight


async def _awaited(call: Any) -> Any:
    return await call
