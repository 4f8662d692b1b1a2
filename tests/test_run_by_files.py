"""Requests in files: written in OpenAI's form, answered elsewhere, and read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from batch_server import line, refused, result
from helpers import read_jsonl, write_jsonl

from extractor import AnswersAwaited, Extractor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers import Invoke, Invoked

NAMES = ["Rook", "Heron", "Egret"]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write_jsonl(
        tmp_path / "papers.jsonl",
        ({"title": f"{name}: fast", "abstract": f"We present {name}, a kernel."} for name in NAMES),
    )


@pytest.fixture
def run(invoke: Invoke, dump: Path, tmp_path: Path) -> Callable[[], Invoked]:
    return lambda: invoke(
        *("run", dump, "-o", tmp_path / "out.jsonl", "--model", "org/model name"),
        *("--base-url", "http://127.0.0.1:9/v1", "--batch-files", tmp_path / "files"),
    )


def write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / "files" / name).write_text("".join(f"{each}\n" for each in lines))


def requests(folder: Path, number: int = 1) -> list[dict[str, Any]]:
    return read_jsonl(folder / "files" / f"requests-{number:04}.jsonl")


def test_requests_have_the_form_of_openai(run: Callable[[], Invoked], tmp_path: Path) -> None:
    """That of vLLM's documentation of run-batch, and of OpenAI's reference of batches."""
    done = run()
    assert done.code == 5
    written = requests(tmp_path)
    assert len(written) == len({each["custom_id"] for each in written}) == 3
    for each in written:
        assert each.keys() == {"custom_id", "method", "url", "body"}
        assert (each["method"], each["url"]) == ("POST", "/v1/chat/completions")
        assert each["body"]["model"] == "org/model name"
        assert each["body"]["messages"][-1]["role"] == "user"
    file = tmp_path / "files" / "requests-0001.jsonl"
    assert f"3 requests in {file}" in done.err
    assert f"vllm run-batch -i {file} -o {tmp_path / 'files'}/results-0001.jsonl" in done.err
    assert "--model 'org/model name'; then the same command again" in done.err
    assert not (tmp_path / "out.jsonl").exists()


def test_results_are_read_and_the_run_ends(run: Callable[[], Invoked], tmp_path: Path) -> None:
    run()
    write(tmp_path, "results-0001.jsonl", [result(each) for each in reversed(requests(tmp_path))])
    done = run()
    assert done.code == 0, done.err
    assert [row["method_name"] for row in read_jsonl(tmp_path / "out.jsonl")] == NAMES
    assert "3 answers from files" in done.err


def test_what_is_awaited_is_not_written_again(run: Callable[[], Invoked], tmp_path: Path) -> None:
    run()
    done = run()
    assert done.code == 5
    assert "3 requests without a result" in done.err
    assert not (tmp_path / "files" / "requests-0002.jsonl").exists()


def test_what_failed_or_does_not_fit_is_written_again(
    run: Callable[[], Invoked], tmp_path: Path
) -> None:
    """Also the question that is asked about an answer that does not fit."""
    run()
    first, second, third = requests(tmp_path)
    invented = result(second, fields={"method_name": "Invented"})
    unknown = line("f" * 64, {"choices": []})
    results = [result(first), "{damaged", invented, refused(third, 500), unknown]
    write(tmp_path, "results-0001.jsonl", results)
    done = run()
    assert done.code == 5
    again = {each["custom_id"]: each for each in requests(tmp_path, 2)}
    assert third["custom_id"] in again
    assert len(again) == 2
    write(tmp_path, "results-0002.jsonl", list(map(result, again.values())))
    done = run()
    assert done.code == 0, done.err
    assert [row["method_name"] for row in read_jsonl(tmp_path / "out.jsonl")] == NAMES
    assert "2 lines of the results damaged, or of no request" in done.err


def test_an_answer_that_never_fits_is_a_failure_and_nothing_is_sent(
    run: Callable[[], Invoked], tmp_path: Path
) -> None:
    run()
    for number in (1, 2):
        results = [result(each, fields="no JSON") for each in requests(tmp_path, number)]
        write(tmp_path, f"results-{number:04}.jsonl", results)
        done = run()
    assert done.code == 1
    failures = read_jsonl(tmp_path / "out.failures.jsonl")
    assert [each["error"] for each in failures] == ["invalid_response"] * 3


def test_in_python(dump: Path, tmp_path: Path) -> None:
    with Extractor(model="m", base_url="http://127.0.0.1:9/v1") as extractor:
        with pytest.raises(AnswersAwaited, match="3 requests in"):
            extractor.run(dump, out=tmp_path / "out.jsonl", batch_files=tmp_path / "files")
        written = requests(tmp_path)
        assert json.dumps(written[0]["body"]["model"]) == '"m"'
        write(tmp_path, "results.jsonl", list(map(result, written)))
        done = extractor.run(dump, out=tmp_path / "out.jsonl", batch_files=tmp_path / "files")
    assert done.records == 3
