"""The Python API: options, runs into memory and into files, and how an Extractor ends."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fault_server import FaultServer, answer
from helpers import read_jsonl, write_jsonl
from pydantic import BaseModel

import extractor
from extractor import (
    ArgumentError,
    CeilingReached,
    Extractor,
    OutputError,
    UsageError,
    Verbatim,
)
from extractor.api.options import Options, Running
from extractor.option_names import _NAMES, _OTHERWISE, as_typed, command_line
from extractor.testing import FakeModel, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BEES = "We saw Apis mellifera."
HIVES = [("Bees", BEES), ("Ants", "We saw Lasius niger."), ("Fog", "Nothing.")]


class Finding(BaseModel):
    species: Annotated[str | None, Verbatim()] = None


def _answer(body: dict[str, Any]) -> Finding:
    said = str(body["messages"])
    return Finding(species=next((s for s in ("Apis mellifera", "Lasius niger") if s in said), None))


def _extractor(**options: Any) -> Extractor[Finding]:
    return Extractor(Finding, **{"model": FakeModel(_answer), "cache": False, **options})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"modle": "m"}, "There is no option 'modle'. Did you mean 'model'?"),
        ({"max_reqests": 0}, "There is no option 'max_reqests'. Did you mean 'max_requests'?"),
    ],
)
def test_an_unknown_option_is_a_type_error_with_the_nearest_name(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(said)) as raised:
        Extractor(**options)
    assert isinstance(raised.value, UsageError)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_cost": -1}, "max_cost= is -1."),
        ({"rpm": 0}, "rpm= is 0. Give a whole number of at least 1."),
        ({"tpm": True}, "tpm= is True."),
        ({"max_tokens": "9"}, "max_tokens= is '9'."),
        ({"price_in": 1.0}, "Give both price_in= and price_out=."),
        ({"base_url": "http://localhost"}, "base_url= needs the name of a model"),
        ({"base_url": "bees", "model": "m"}, "base_url='bees' is not an HTTP URL."),
    ],
)
def test_a_wrong_value_is_told_in_words_of_python(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        Extractor(**options)
    assert "--" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "tool"}, "mode= is 'tool'. Did you mean 'tools'?"),
        ({"mode": "x"}, "mode= is 'x'. Known: tools, json_schema, json, md_json."),
        ({"approach": "candidate"}, "approach= is 'candidate'. Did you mean 'candidates'?"),
        ({"api_key": 5}, "api_key= is of the type int. Give a text."),
        ({"extra_headers": ["secret"]}, "extra_headers= is of the type list. Give names and"),
        ({"cache": "no"}, "cache= is 'no'. Give True or False."),
        ({"progress": "json"}, "progress= is 'json'. Give True or False."),
        ({"cache_dir": 5}, "cache_dir= is 5. Give a path."),
        ({"model": 5}, "model= is 5. Give the name of a model, or a provider."),
        ({"timeout": None}, "timeout= is None. Give a number of at least 0.1."),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_when_the_extractor_is_made(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ArgumentError, match=re.escape(said)):
        Extractor(**options)


def test_no_option_takes_a_value_of_every_type() -> None:
    for name in Options.__annotations__:
        with pytest.raises(ArgumentError, match=f"^{name}= is .*Give "):
            Extractor(**{name: object()})  # type: ignore[arg-type, call-overload, misc]


def test_a_mode_is_named_as_the_command_names_it() -> None:
    Extractor(model="m", base_url="http://localhost:1/v1", mode="md_json")


@pytest.mark.parametrize("schema", [3, {"name": str}, Finding(), dict])
def test_what_is_no_schema_is_told(schema: Any) -> None:
    with pytest.raises(ArgumentError, match=r"pydantic\.BaseModel"):
        Extractor(schema)


def test_every_option_of_the_command_is_one_here() -> None:
    """But for what is said of messages: a program chooses those by ``logging``."""
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.split("## `extractor run`")[1].split("\n## ")[0]
    named = {
        name.replace("-", "_") for name in re.findall(r"^\* .*?`.*?--([a-z-]+)", section, re.M)
    }
    here = {*Options.__annotations__, *Running.__annotations__, "schema"}
    otherwise = {"extra_header": "extra_headers", "no_cache": "cache"}
    assert set(otherwise.values()) <= here
    assert named - here - otherwise.keys() == {"quiet", "verbose", "help"}


def test_messages_name_only_options_that_python_has() -> None:
    """But for those of what only commands do."""
    of_commands = {"cli", "comparison", "evaluation", "review"}
    library = [
        file
        for file in (ROOT / "extractor").rglob("*.py")
        if of_commands.isdisjoint(file.parts)
        and file.name not in ("option_names.py", "_xml_records.py")
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in library)
    named = set(re.findall(r"[\"' (](--[a-z][a-z-]+)", text))
    known = {f"--{name}" for name in _NAMES} | {key.split()[0] for key in _OTHERWISE}
    pip = {"--quiet", "--no-deps", "--disable-pip-version-check", "--dest"}
    assert named - known - pip == set()


def test_the_command_line_keeps_its_own_words() -> None:
    said = "Run the same command again, or raise --timeout: --model none and --max-model-len."
    assert as_typed(said) == (
        "Make the same call again, or raise timeout=: model='none' and --max-model-len."
    )
    with command_line():
        assert as_typed(said) == said


def test_every_error_is_at_the_top() -> None:
    from extractor import errors

    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, extractor.ExtractorError):
            assert getattr(extractor, name) is value


def test_the_results_of_a_run_are_in_the_order_of_the_papers() -> None:
    async def slow_first(body: dict[str, Any]) -> Finding:
        await asyncio.sleep(0.05 if "Bees" in str(body["messages"]) else 0)
        return _answer(body)

    with _extractor(model=FakeModel(slow_first)) as bees:
        results = bees.run([*HIVES, 5])
        assert [each.id for each in bees.run(HIVES, limit=2)] == ["1", "2"]
    assert [each.id for each in results] == ["1", "2", "3", "4"]
    assert [each.fields.species for each in results.records] == [
        "Apis mellifera",
        "Lasius niger",
        None,
    ]
    assert [each.message for each in results.failures] == [
        "Entry 4 of the papers is of the type int, not a paper: 5."
    ]


def test_a_run_into_a_file_is_the_commands(tmp_path: Path) -> None:
    out = tmp_path / "records.jsonl"
    with _extractor(cache=True) as bees:
        ran = bees.run([*HIVES, None], out=out)
        assert (ran.records, ran.failures, ran.cached, ran.cost) == (3, 1, 0, 0.0)
        assert ran.requests == 3
        assert ran.failures_file == tmp_path / "records.failures.jsonl"
        again = bees.run(HIVES, out=out)
        assert (again.records, again.cached, again.requests) == (3, 3, 0)
        assert again.failures_file is None
    assert [row["id"] for row in read_jsonl(out)] == ["1", "2", "3"]
    here = {path.name for path in tmp_path.iterdir()} - {"models"}
    assert here == {"answers", "records.jsonl"}


def test_a_run_reads_files_and_writes_other_formats(tmp_path: Path) -> None:
    rows = [{"name": "Bees", "text": BEES, "year": 2020}]
    dump = write_jsonl(tmp_path / "papers.jsonl", rows)
    with _extractor() as bees:
        where: Any = {"title_column": "name", "abstract_column": "text"}
        ran = bees.run(dump, out=tmp_path / "out.json", **where)
        (row,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        assert (ran.records, row["source"]) == (1, {"year": 2020})
        assert [each.id for each in bees.run([dump, dump], **where)] == ["1", "2"]
        with pytest.raises(UsageError, match="would overwrite"):
            bees.run(dump, out=dump, **where)
    assert json.loads(dump.read_text(encoding="utf-8")) == rows[0]


def test_only_failed_papers_are_asked_again(tmp_path: Path) -> None:
    model = FakeModel(lambda body: "no json" if "Ants" in str(body["messages"]) else _answer(body))
    out = tmp_path / "records.jsonl"
    with _extractor(model=model, cache=True) as bees:
        assert bees.run(HIVES, out=out).failures == 1
    with _extractor(cache=True) as bees:
        ran = bees.run([*HIVES, ("New", "New.")], out=out, retry_failed=True)
    assert (ran.records, ran.left_out) == (3, 1)


FRAME = [
    {"title": f"Bees {year}", "abstract": BEES, "year": year, "venue": venue}
    for year, venue in ((2021, "A"), (2022, "B"), (2023, "A"), (2024, "B"))
]


@pytest.mark.parametrize(
    ("how", "years"),
    [
        ({"where": "year>=2023"}, [2023, 2024]),
        ({"where": ["year>=2022", "venue=B"]}, [2022, 2024]),
        ({"where": "venue=B", "limit": 1}, [2022]),
        ({"where": None, "sample": None}, [2021, 2022, 2023, 2024]),
        ({"sample": 0}, []),
    ],
)
def test_only_chosen_papers_are_asked_about(
    how: dict[str, Any], years: list[int], tmp_path: Path
) -> None:
    dump, out = write_jsonl(tmp_path / "dump.jsonl", FRAME), tmp_path / "out.jsonl"
    with _extractor() as bees:
        for papers in (FRAME, iter(FRAME), dump):
            found = bees.run(papers, **how)
            assert [each.source["year"] for each in found.records] == years
        for papers in (FRAME, iter(FRAME), dump):
            told = [each.source["year"] for each in bees.extract_many(papers, **how)]
            assert sorted(told) == years
        for chosen in (FRAME, dump):
            ran = bees.run(chosen, out=out, **how)
            assert [row["source"]["year"] for row in read_jsonl(out)] == years
            assert ("papers selected" in "".join(ran.notes)) is (
                not any(each in how.values() for each in (None, 0))
            )


def test_a_condition_that_no_paper_meets_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with _extractor() as bees:
        bees.run(FRAME, out=out)
        for how in ({}, {"out": out}):
            with pytest.raises(UsageError, match=r"none of 4 papers .* meets it"):
                bees.run(FRAME, where="year>3000", **how)
    assert len(read_jsonl(out)) == 4


def test_a_sample_is_the_same_each_time_and_keeps_the_index() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(FRAME, index=list("abcd"))
    with _extractor(progress=True) as bees:
        one = bees.run(frame, sample=2).to_pandas()
        assert list(one["year"]) == list(frame["year"][one.index])
        assert one.equals(bees.run(frame, sample=2).to_pandas())
        drawn = {tuple(bees.run(frame, sample=2, seed=n).to_pandas().index) for n in range(9)}
        assert len(drawn) > 1
        assert list(bees.run(frame, where="venue=B").to_pandas().index) == ["b", "d"]
        assert bees.run(frame, limit=0).to_pandas().empty


def test_records_are_added_to_those_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "records.jsonl"
    with _extractor() as bees:
        bees.run(HIVES[:2], out=out)
        before = out.read_bytes()
        ran = bees.run(HIVES, out=out, append=True, progress=True)
    assert (ran.records, ran.requests) == (1, 1)
    assert "2 records in it before, which stay" in ran.notes
    assert out.read_bytes().startswith(before)
    assert [row["id"] for row in read_jsonl(out)] == ["1", "2", "3"]
    assert "3/3" in capsys.readouterr().err


def test_a_view_is_one_flat_table(tmp_path: Path) -> None:
    model = FakeModel({"species": ["Apis mellifera"]})
    with Extractor("species list", model=model, cache=False) as bees:
        bees.run([("Bees", BEES)], out=tmp_path / "out.csv", view="species")
    head, row = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("id,title,species")
    assert row.startswith("1,Bees,Apis mellifera")


def test_ceilings_hold_and_what_is_paid_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "records.jsonl"
    with _extractor(cache=True, max_requests=2, concurrency=1) as bees:
        with pytest.raises(CeilingReached, match="with a higher max_requests="):
            bees.run(HIVES, out=out)
        with pytest.raises(CeilingReached):
            bees.run(HIVES, out=out)
    assert not out.exists()
    assert len(read_jsonl(tmp_path / "records.jsonl.partial")) == 2
    with _extractor(cache=True, max_requests=3) as bees:
        assert bees.run(HIVES, out=out).requests == 3
    with _extractor(max_requests=0) as bees, pytest.raises(CeilingReached):
        bees.extract(title="T", abstract="A")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"failures": "f"}, "failures= is for a file of records. Name it with out=."),
        ({"retry_failed": True}, "retry_failed= is for a file"),
        ({"limmit": 3}, "There is no option 'limmit'. Did you mean 'limit'?"),
        ({"append": True}, "append= is for a file"),
        ({"limit": -1}, "limit= is -1."),
        ({"sample": 2.5}, "sample= is 2.5."),
        ({"out": 5}, "out= is 5. Give a path."),
        ({"progress": "yes"}, "progress= is 'yes'. Give True or False."),
        ({"unique": "no"}, "unique= is 'no'. Give True or False."),
        ({"where": [3]}, "where= is [3]. Give a condition such as 'year>=2024'"),
        ({"where": "title"}, "where='title' is not a condition."),
        ({"where": "yaer=1"}, "where=: no paper of those given has a column 'yaer'."),
        ({"out": "out.jsonl", "view": "claims"}, "jsonl holds whole records"),
        ({"out": "out.jsonl", "append": True, "retry_failed": True}, "Leave out retry_failed=True"),
        ({"out": "out.jsonl", "titel_column": "t"}, "Did you mean 'title_column'?"),
    ],
)
def test_what_a_run_cannot_do_is_told(how: dict[str, Any], said: str) -> None:
    with _extractor() as bees, pytest.raises(UsageError, match=re.escape(said)):
        bees.run(HIVES, **how)


@pytest.mark.parametrize("abstract", ["", " \n", "N/A"])
def test_a_paper_without_an_abstract_is_none(abstract: str) -> None:
    with _extractor() as bees:
        with pytest.raises(ArgumentError, match="There is no abstract"):
            bees.extract(title="Bees", abstract=abstract)
        assert bees.run([("Bees", abstract)])[0].to_dict()["message"] == "There is no abstract."
        assert bees.extract(title="", abstract=BEES).title == ""


def test_an_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with _extractor() as bees, pytest.raises(OutputError, match="is a folder"):
        bees.run(HIVES, out=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_finishes_the_papers_in_flight(tmp_path: Path) -> None:
    sent: list[int] = []

    async def interrupted(body: dict[str, Any]) -> Finding:
        if len(sent) < interruptions:
            sent.append(0)
            os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.2)
        return _answer(body)

    many = [(f"Bees {number}", BEES) for number in range(600)]
    interruptions, out = 1, tmp_path / "records.jsonl"
    with _extractor(model=FakeModel(interrupted), cache=True) as bees:
        with pytest.raises(KeyboardInterrupt):
            bees.run(many, out=out)
        assert not out.exists()
        done = len(read_jsonl(tmp_path / "records.jsonl.partial"))
        assert 0 < done < len(many)
        ran = bees.run(many, out=out)
        assert (ran.records, ran.requests) == (len(many), len(many))
        for use in (bees.run, lambda papers: list(bees.extract_many(papers))):
            interruptions += 1
            with pytest.raises(KeyboardInterrupt):
                use([("Ants", f"Ants {interruptions}.")])
        assert bees.run(HIVES).records, "it goes on afterwards"


async def test_the_asynchronous_run_is_the_same(tmp_path: Path) -> None:
    async def arriving() -> Any:
        for each in HIVES:
            yield each

    async with _extractor() as bees:
        assert len((await bees.arun(HIVES)).records) == 3
        assert (await bees.arun(HIVES, out=tmp_path / "out.jsonl")).records == 3
        found = [each async for each in bees.aextract_many(arriving())]
        chosen = [each async for each in bees.aextract_many(HIVES, limit=2)]
        for how in ({"where": "title~Bees"}, {"limit": 1}, {"sample": 1}, {"unique": True}):
            with pytest.raises(ArgumentError, match=f"{next(iter(how))}= is "):
                await anext(bees.aextract_many(arriving(), **how))
    assert sorted(each.id for each in found) == ["1", "2", "3"]
    assert sorted(each.id for each in chosen) == ["1", "2"]


def test_a_closed_one_says_so() -> None:
    bees = _extractor()
    with bees:
        bees.extract(title="Bees", abstract="Bees.")
    assert repr(bees) == f"<Extractor of {bees.task.label} with the model fake, closed>"
    for use in (
        lambda: bees.extract(title="T", abstract="A"),
        lambda: bees.run(HIVES),
        lambda: list(bees.extract_many(HIVES)),
        lambda: asyncio.run(bees.aextract(title="T", abstract="A")),
    ):
        with pytest.raises(UsageError, match="This Extractor is closed"):
            use()
    bees.close()


@pytest.mark.parametrize("papers", [HIVES, HIVES * 20])
async def test_an_iterator_of_a_closed_one_says_so(papers: list[Any]) -> None:
    bees = _extractor()
    results = bees.extract_many(papers)
    next(results)
    bees.close()
    with pytest.raises(UsageError, match="This Extractor is closed"):
        list(results)
    bees = _extractor()
    arriving = bees.aextract_many(papers)
    await anext(arriving)
    await bees.aclose()
    with pytest.raises(UsageError, match="This Extractor is closed"):
        await anext(arriving)


async def test_calls_of_both_kinds_are_told_apart() -> None:
    with _extractor() as bees:
        bees.extract(title="T", abstract="A")
        with pytest.raises(UsageError, match="was synchronous"):
            await bees.aextract(title="T", abstract="A")
    async with _extractor() as bees:
        await bees.aextract(title="T", abstract="A")
        with pytest.raises(UsageError, match="was asynchronous"):
            bees.extract(title="T", abstract="A")


def test_one_loop_after_another() -> None:
    bees = _extractor()
    for _ in range(2):
        assert asyncio.run(bees.aextract(title="Bees", abstract=BEES)).fields.species


def test_calls_within_calls_and_from_threads() -> None:
    with _extractor(cache=True) as bees:
        renamed = ((each.title, f"We saw {each.title}.") for each in bees.extract_many(HIVES))
        assert len(bees.run(renamed)) == 3
        for result in bees.extract_many(HIVES):
            assert bees.extract(title=str(result.title), abstract=BEES).fields.species
        with ThreadPoolExecutor(4) as pool:
            assert all(len(each) == 3 for each in pool.map(bees.run, [HIVES] * 4))

        class Asking(list[Any]):
            def __iter__(self) -> Any:
                yield bees.extract(title="T", abstract="A").title, BEES

        with pytest.raises(UsageError, match="called by the papers"):
            bees.run(Asking(HIVES))


UNCLOSED = """
import asyncio, sys
from extractor import Extractor
papers = [("Net", "We present Net."), ("Sky", "We present Sky.")]
extractor = Extractor("method_name str", model="m", base_url=sys.argv[1])
{}
"""
WAYS = {
    "extract": "extractor.extract(title='Net', abstract='We present Net.')",
    "iterating": "kept = extractor.extract_many(papers); next(kept)",
    "collected": "extractor.extract(title='Net', abstract='Net.'); del extractor",
    "asynchronous": "asyncio.run(extractor.aextract(title='Net', abstract='Net.'))",
    "asynchronous iterating": (
        "async def first():\n async for each in extractor.aextract_many(papers): break\n"
        "asyncio.run(first())"
    ),
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with FaultServer(answer) as server:
        yield server.url


@pytest.mark.parametrize("way", WAYS)
def test_one_that_is_not_closed_ends_with_the_program(
    way: str, endpoint: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", UNCLOSED.format(WAYS[way]), endpoint],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OPENAI_API_KEY": "k", "EXTRACTOR_CACHE_DIR": str(tmp_path / "kept")},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bars_count_papers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with _extractor(progress=True) as bees:
        bees.run(HIVES)
        assert "3/3" in capsys.readouterr().err
        bees.run(HIVES, progress=False)
        assert capsys.readouterr().err == ""
    with _extractor() as bees:
        list(bees.extract_many(iter([*HIVES, None]), progress=True))
        assert "4/4" in (said := capsys.readouterr().err)
        assert "1 failed" in said
        bees.run(HIVES, out=tmp_path / "out.jsonl", progress=True)
        assert "3/3" in capsys.readouterr().err
        write_jsonl(tmp_path / "in.jsonl", [{"title": t, "abstract": a} for t, a in HIVES * 2])
        for how in ({}, {"limit": 4}, {"sample": 4}, {"limit": 4, "out": tmp_path / "four.jsonl"}):
            bees.run(str(tmp_path / "in.jsonl"), progress=True, **how)
            assert ("4/4" if how else "6/6") in capsys.readouterr().err
        bees.run(HIVES)
        assert capsys.readouterr().err == ""


def test_a_debug_log_has_ids_and_no_texts(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with _extractor(debug_log=log) as bees:
        bees.run(HIVES)
        with pytest.raises(UsageError, match="would overwrite"):
            bees.run(HIVES, out=log, format="jsonl")
    said = log.read_text(encoding="utf-8")
    assert "paper='2'" in said
    assert "mellifera" not in said


def test_a_record_of_a_one_line_schema_is_pickled() -> None:
    model = FakeModel({"species": "Apis mellifera", "counts": []})
    with Extractor("species, counts int[]", model=model, cache=False) as bees:
        record = bees.extract(title="Bees", abstract=BEES)
    kept = pickle.dumps(record)
    assert pickle.loads(kept) == record
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).fields.species)"
    done = subprocess.run([sys.executable, "-c", code], input=kept, capture_output=True, check=True)
    assert done.stdout.strip() == b"Apis mellifera"


def test_what_the_endpoint_refuses_is_told_in_words_of_python() -> None:
    refusing = _extractor(model=FakeModel(Reply(401, {}, b"{}")))
    with refusing, pytest.raises(extractor.AuthenticationFailed, match="Give api_key="):
        refusing.extract(title="T", abstract="A")
