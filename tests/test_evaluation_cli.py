"""``extractor eval``: over a dump or over records, as a person and as CI uses it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fault_server import Asked, FaultServer, Reply, answer, completion
from helpers import read_jsonl, write_jsonl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers import Invoke

EXAMPLES = Path(__file__).parent.parent / "examples"
DUMP, GOLD = str(EXAMPLES / "papers.txt"), str(EXAMPLES / "papers.gold.jsonl")


def right_record(gold: dict[str, Any]) -> dict[str, Any]:
    """A record that says exactly what gold says."""
    claims = [
        {key: claim[key] for key in ("quote", "value", "value_max", "unit")}
        for claim in gold["speedups"]
    ]
    return {
        "id": gold["id"],
        "method_name": (gold["method_name"] or [None])[0],
        "claimed_speedups": claims,
        "benchmarks": [forms[0] for forms in gold["benchmarks"]],
        "hardware": [forms[-1] for forms in gold["hardware"]],
        "code_url": gold["code_url"],
    }


def gold_lines() -> list[dict[str, Any]]:
    return read_jsonl(Path(GOLD))


@pytest.fixture
def records(tmp_path: Path) -> Callable[..., str]:
    """A file of right records, but for what the arguments say of each id."""

    def write(**changed: dict[str, Any] | None) -> str:
        rows = []
        for line in gold_lines():
            change = changed.get(f"paper_{line['id']}", {})
            if change is not None:
                rows.append({**right_record(line), **change})
        return str(write_jsonl(tmp_path / "records.jsonl", rows))

    return write


Records = "Callable[..., str]"


def test_right_records_reach_every_figure(invoke: Invoke, records: Records) -> None:
    code, out, err = invoke("eval", "--gold", GOLD, "--records", records(), "--min-f1", "1")
    assert (code, err) == (0, "")
    assert "exact records   1.000 1.00-1.00; 12 of 12 papers" in out
    assert "invention rate  0.000 0.00-0.00; 0 of" in out


def test_below_min_f1_the_exit_code_is_4(invoke: Invoke, records: Records) -> None:
    wrong = records(paper_4={"benchmarks": ["MNIST"]}, paper_7={"method_name": None})
    # Method 12/13, benchmarks 26/30, the others 1.
    code, out, err = invoke("eval", "--gold", GOLD, "--records", wrong, "--min-f1", "0.99")
    assert code == 4
    assert "macro F1" in out
    assert err == "extractor: macro F1 0.957949 is below 0.99.\n"
    assert invoke("eval", "--gold", GOLD, "--records", wrong, "--min-f1", "0.9")[0] == 0


def test_thresholds_of_fields_and_of_invention(invoke: Invoke, records: Records) -> None:
    wrong = records(paper_4={"benchmarks": ["MNIST"]}, paper_2={"hardware": ["A100"]})
    scored = ["eval", "--gold", GOLD, "--records", wrong]
    assert invoke(*scored, "--min", "benchmarks=0.86", "--max-invented", "0.04")[0] == 0
    missed = ["--min", "benchmarks.recall=0.9", "--min", "hardware=1", "--max-invented", "0.03"]
    code, _, err = invoke(*scored, *missed)
    assert code == 4
    assert err.splitlines() == [
        "extractor: recall of benchmarks 0.8125 is below 0.9.",
        "extractor: F1 of hardware 0.947368 is below 1.",
        "extractor: the invention rate 0.037037 is above 0.03.",
    ]


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ("benchmark=0.8", "Did you mean 'benchmarks'?"),
        ("species=0.8", "Measured: method_name, "),
        ("hardware", "not FIELD=X"),
        ("hardware=80", "from 0 to 1"),
        ("hardware=nan", "from 0 to 1"),
        ("hardware.f2=0.8", "names no figure: 'f2'"),
    ],
)
def test_a_threshold_that_is_none_is_refused_before_anything_is_paid(
    invoke: Invoke, threshold: str, said: str
) -> None:
    code, out, err = invoke("eval", DUMP, "--gold", GOLD, "--model", "m", "--min", threshold)
    assert (code, out) == (2, "")
    assert said in err


def test_against_an_earlier_evaluation(invoke: Invoke, records: Records, tmp_path: Path) -> None:
    scored = ["eval", "--gold", GOLD, "--records"]
    earlier = tmp_path / "earlier.json"
    before = invoke(*scored, records(paper_7={"method_name": None}), "--json").out
    earlier.write_text(before, encoding="utf-8")
    now = records(paper_4={"benchmarks": ["ImageNet-1K", "COCO"]})
    code, out, err = invoke(*scored, now, "--against", str(earlier))
    assert code == 4
    told = {line.split("  ")[0]: line.split()[-1] for line in out.splitlines() if line}
    assert told["method_name F1"] == "better"
    assert told["benchmarks F1"] == "worse"
    assert "5 figures as before" in out
    assert err == "extractor: benchmarks F1 got worse: 1 before, 0.967742 now.\n"
    tolerant = invoke(*scored, now, "--against", str(earlier), "--tolerance", "0.04", "--json")
    against = json.loads(tolerant.out)["against"]
    assert tolerant.code == 0
    assert [(each["field"], each["worse"]) for each in against["changes"]] == [
        ("method_name", False),
        ("benchmarks", False),
        (None, False),
    ]
    assert against["same_gold"]
    # The same records: nothing is told but that.
    code, out, _ = invoke(*scored, records(paper_7={"method_name": None}), "--against", earlier)
    assert (code, out.splitlines()[-1]) == (0, "8 figures as before")
    _, out, _ = invoke(*scored, now, "--limit", "3", "--against", earlier)
    assert "measured on other gold" in out


def test_an_earlier_evaluation_that_is_none_is_refused(
    invoke: Invoke, records: Records, tmp_path: Path
) -> None:
    scored = ["eval", "--gold", GOLD, "--records", records(), "--against"]
    other = tmp_path / "other.json"
    for text in ("", "[]", '{"fields": {}}', '{"fields": {"a": {"f1": null}}}'):
        other.write_text(text, encoding="utf-8")
        code, out, err = invoke(*scored, str(other))
        assert (code, out) == (1, "")
        assert "holds no evaluation" in err
    assert "cannot be read" in invoke(*scored, "missing.json").err
    assert invoke(*scored[:-1], "--tolerance", "0.1").code == 2


def test_json_holds_the_figures_and_on_demand_the_errors(invoke: Invoke, records: Records) -> None:
    wrong = records(paper_4={"benchmarks": ["MNIST"]}, paper_12=None)
    code, out, _ = invoke("eval", "--gold", GOLD, "--records", wrong, "--json")
    row = json.loads(out)
    assert code == 0
    assert row["papers"] == 12
    assert row["exact"] == 10 / 12
    assert row["without_record"] == ["12"]
    assert row["fields"]["benchmarks"]["wrong"] == 1
    assert row["macro_f1_interval"][0] <= row["macro_f1"] <= row["macro_f1_interval"][1]
    assert row["cost"] is row["seconds"] is None
    assert "errors" not in row
    _, out, _ = invoke("eval", "--gold", GOLD, "--records", wrong, "--json", "--errors", DUMP)
    first, last = json.loads(out)["errors"]
    assert (first["id"], last["id"], last["has_record"]) == ("4", "12", False)
    missing = first["fields"]["benchmarks"]["missing"]
    assert [item["value"] for item in missing] == [["ImageNet-1K"], ["COCO"], ["ADE20K"]]
    assert "on ImageNet-1K with" in missing[0]["passage"]["sentence"]


def test_errors_show_sentences_where_a_dump_gives_the_text(
    invoke: Invoke, records: Records
) -> None:
    wrong = records(paper_4={"hardware": []})
    _, without, _ = invoke("eval", "--gold", GOLD, "--records", wrong, "--errors")
    _, with_text, _ = invoke("eval", DUMP, "--gold", GOLD, "--records", wrong, "--errors")
    sentence = (
        '"Deployed with 8-bit weights, it runs at 112 FPS on a Jetson AGX Orin and draws less '
        'than 9 W."'
    )
    assert "missing   Jetson AGX Orin" in without
    assert "Deployed" not in without
    assert sentence in " ".join(with_text.split())
    assert "4  LoomNet: Weaving" in with_text


def test_no_value_acts_on_the_terminal(invoke: Invoke, records: Records) -> None:
    wrong = records(paper_4={"hardware": ["A100 \x1b]0;pwned\x07"], "title": "On \x9b2J"})
    _, out, _ = invoke("eval", "--gold", GOLD, "--records", wrong, "--errors")
    assert "]0;pwned" in out
    assert all(line.isprintable() for line in out.split("\n"))


def test_the_columns_of_a_dump_are_named_as_for_run(
    invoke: Invoke, records: Records, tmp_path: Path
) -> None:
    dump = tmp_path / "papers.csv"
    dump.write_text("key,name,text\n4,LoomNet,It runs on a Jetson AGX Orin board.\n")
    columns = ["--id-column", "key", "--title-column", "name", "--abstract-column", "text"]
    wrong = records(paper_4={"hardware": []})
    asked = [str(dump), *columns, "--gold", GOLD, "--records", wrong, "--errors"]
    assert '"It runs on a Jetson AGX Orin board."' in invoke("eval", *asked)[1]


def test_limit_takes_the_first_papers_of_gold(invoke: Invoke, records: Records) -> None:
    wrong = records(paper_4={"hardware": []})
    _, out, _ = invoke("eval", "--gold", GOLD, "--records", wrong, "--limit", "3", "--json")
    row = json.loads(out)
    assert (row["papers"], row["exact"], row["without_gold"]) == (3, 1.0, 9)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--gold", GOLD], 2, "--records"),
        (["--gold", "missing.jsonl", DUMP], 1, "missing.jsonl"),
        (["--gold", DUMP, DUMP], 1, "line 1: not JSON"),
        (["--gold", GOLD, "missing.txt"], 1, "missing.txt"),
        (["--gold", GOLD, "--records", "missing.jsonl"], 1, "missing.jsonl"),
        (["--gold", GOLD, "--records", GOLD, "--model", "m"], 2, "no model is asked"),
        (["--gold", GOLD, "--schema", "nobody", DUMP], 2, "nobody"),
    ],
)
def test_an_error_is_one_line(invoke: Invoke, arguments: list[str], code: int, said: str) -> None:
    got, out, err = invoke("eval", *arguments)
    assert (got, out) == (code, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_records_of_other_papers_or_fields_are_not_scored(invoke: Invoke, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    for row, said in (
        ({"id": "nobody", "method_name": "Foo"}, "no id is in both"),
        ({"id": "1", "species": "Parus major"}, "--schema"),
    ):
        other.write_text(json.dumps(row))
        code, out, err = invoke("eval", "--gold", GOLD, "--records", str(other))
        assert (code, out) == (2, "")
        assert said in err


def test_a_draft_of_gold_is_gold(invoke: Invoke, records: Records, tmp_path: Path) -> None:
    """Records against their own draft are right; a correction makes them wrong."""
    file = Path(records())
    code, out, err = invoke("gold", "draft", file)
    draft = file.with_name("records.gold.jsonl")
    assert (code, out, err) == (0, "", f"{draft}: 12 papers to correct\n")
    assert read_jsonl(draft)[0].keys().isdisjoint({"evidence", "meta", "source"})
    scored = ["eval", "--records", file, "--gold", draft, "--min-f1", "1"]
    assert invoke(*scored).code == 0
    draft.write_text(draft.read_text().replace('"SpliceCache"', '"Splice"'))
    assert invoke(*scored).code == 4
    refused = invoke("gold", "draft", file)
    assert (refused.code, refused.out) == (2, "")
    assert "may hold corrections" in refused.err
    assert "Splice" in draft.read_text()


def test_a_draft_of_some_papers(invoke: Invoke, records: Records, tmp_path: Path) -> None:
    file = records()
    drawn = invoke("gold", "draft", file, "--sample", "3", "-o", "-")
    ids = [json.loads(line)["id"] for line in drawn.out.splitlines()]
    assert len(ids) == 3
    assert ids == sorted(ids, key=int)
    assert invoke("gold", "draft", file, "--sample", "3", "-o", "-").out == drawn.out
    other = invoke("gold", "draft", file, "--sample", "3", "--seed", "1", "-o", "-")
    assert other.out != drawn.out
    assert len(invoke("gold", "draft", file, "--sample", "99", "-o", "-").out.splitlines()) == 12


def test_a_draft_of_records_that_are_not_all_there(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text('{"id": "1", "a": 1}\n{"a": 2}\n{"id": "1", "a": 3}\n{"id": "2", "a": 4}\n')
    code, out, err = invoke("gold", "draft", file, "-o", "-")
    assert code == 3
    assert [json.loads(line)["a"] for line in out.splitlines()] == [1, 4]
    assert "further record of the id '1'" in err
    assert "Entry 2" in err


@pytest.fixture
def endpoint() -> Iterator[str]:
    with FaultServer(gold_says) as server:
        yield server.url


def gold_says(asked: Asked) -> Reply:
    """What gold says of a paper; the third is refused, and the second gets a value too many."""
    if asked.body["model"] == "interrupter":
        os.kill(os.getpid(), signal.SIGINT)
    titles = {"SpliceCache:": "1", "A Survey of": "2", "Width Cannot": "3", "LoomNet:": "4"}
    number = next(number for start, number in titles.items() if asked.title.startswith(start))
    if number == "3":
        return completion({"role": "assistant", "content": "", "refusal": "No."})
    record = right_record(next(line for line in gold_lines() if line["id"] == number))
    if number == "2":
        record["benchmarks"] = ["ImageNet"]  # which its abstract does not say
    return answer(asked, record)


def test_a_dump_is_run_over_and_scored(invoke: Invoke, endpoint: str, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    lines = Path(GOLD).read_text(encoding="utf-8").splitlines()
    gold.write_text("\n".join([lines[3], lines[0], lines[1]]), encoding="utf-8")
    arguments = [DUMP, "--gold", str(gold), "--model", "oracle", "--base-url", endpoint]
    code, out, _ = invoke("eval", *arguments, "--json", "--quiet")
    row = json.loads(out)
    assert code == 0
    assert (row["papers"], row["exact"], row["macro_f1"]) == (3, 1.0, 1.0)
    assert row["refused"] == row["fields"]["benchmarks"]["refused"] == 1
    # The refused value was asked about once more.
    assert (row["prompt_tokens"], row["completion_tokens"]) == (400, 80)
    assert row["seconds_per_right_value"] > 0
    code, out, _ = invoke("eval", *arguments, "--json", "--quiet")
    again = json.loads(out)
    assert (again["prompt_tokens"], again["seconds_per_right_value"]) == (400, None)


def test_what_it_costs_where_prices_are_known(
    invoke: Invoke, endpoint: str, tmp_path: Path
) -> None:
    asked = [DUMP, "--gold", GOLD, "--model", "oracle", "--base-url", endpoint, "--limit", "2"]
    priced = ["--price-in", "1", "--price-out", "10", "--json"]
    row = json.loads(invoke("eval", *asked, *priced)[1])
    assert row["cost"] == pytest.approx((300 + 60 * 10) / 1e6)
    assert json.loads(invoke("eval", *asked, "--json")[1])["cost"] is None
    meta = {"model": "m", "prompt_tokens": 1000, "completion_tokens": 100}
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps({**right_record(gold_lines()[0]), "meta": meta}))
    row = json.loads(
        invoke("eval", "--gold", GOLD, "--limit", "1", "--records", str(file), *priced)[1]
    )
    assert row["cost"] == pytest.approx(0.002)
    assert row["cost_per_right_value"] == pytest.approx(0.002 / 7)


def test_a_file_without_records_is_not_measured(invoke: Invoke, tmp_path: Path) -> None:
    (empty := tmp_path / "empty.jsonl").touch()
    code, out, err = invoke("eval", "--gold", GOLD, "--records", empty, "--min-f1", "0.5")
    assert (code, out) == (1, "")
    assert "nothing was measured" in err


def test_a_run_that_reaches_a_ceiling_is_not_scored(invoke: Invoke, endpoint: str) -> None:
    arguments = [DUMP, "--gold", GOLD, "--model", "oracle", "--base-url", endpoint, "--quiet"]
    code, out, err = invoke("eval", *arguments, "--max-requests", "2", "--concurrency", "1")
    assert (code, out) == (1, "")
    assert "ceiling of 2 requests" in err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is an exception there")
def test_an_interrupted_run_is_not_scored(invoke: Invoke, endpoint: str) -> None:
    arguments = [DUMP, "--gold", GOLD, "--model", "interrupter", "--base-url", endpoint]
    code, out, err = invoke("eval", *arguments, "--limit", "2", "--concurrency", "1")
    assert (code, out) == (130, "")
    assert "nothing is scored" in err


def test_a_paper_that_failed_counts_as_empty(invoke: Invoke, endpoint: str) -> None:
    arguments = [DUMP, "--gold", GOLD, "--model", "oracle", "--base-url", endpoint]
    code, out, err = invoke("eval", *arguments, "--limit", "4", "--errors")
    assert code == 3
    assert "failed: refused 1" in err
    assert "1 paper of gold, counted as empty: 3" in out
    assert invoke("eval", *arguments, "--limit", "4", "--min-f1", "0.99", "--quiet")[0] == 3


def test_a_dump_without_a_paper_of_gold_is_refused(
    invoke: Invoke, endpoint: str, tmp_path: Path
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps({**gold_lines()[0], "id": "nobody"}))
    code, _, err = invoke(
        "eval", DUMP, "--gold", str(gold), "--model", "oracle", "--base-url", endpoint
    )
    assert code == 2
    assert "no id is in both" in err
