"""Decisions of reviewers: the file that keeps them, records that they change, and gold of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from helpers import read_jsonl, write_jsonl
from hypothesis import given
from hypothesis import strategies as st
from reviews import CLAIM, PAPERS, RECORDS, Review, place, record

from extractor.decisions import (
    Decision,
    DecisionLog,
    Decisions,
    ReviewedRecords,
    apply_decisions,
    read_decisions,
)
from extractor.errors import DumpError, OutputError
from extractor.evaluation import evaluate, read_gold
from extractor.writers import read_records

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

Json = dict[str, Any]


def decision(path: str, verdict: Any, old: Any = None, new: Any = None, **more: Any) -> Decision:
    given_ = {"at": "2026-01-02T03:04:05.678Z", "reviewer": "ana", "paper": "1"}
    title = "Brisk: quick sampling 🚀"
    return Decision(
        **(given_ | {"title": title, "text": "0" * 16, "path": path} | more),
        verdict=verdict,
        old=old,
        new=new,
    )


ACCEPT = decision("method_name", "accept", "SlowNet")
REJECT = decision("method_name", "reject", "SlowNet")
WORDS = ({"path": "", "source": "abstract", "start": 11, "end": 16},)
CORRECT = decision("method_name", "correct", "SlowNet", "Brisk", evidence=WORDS)


# The file


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.review.jsonl"
    log = DecisionLog(path)
    log.append(ACCEPT)
    log.append(CORRECT, decision("", "complete"))
    assert list(read_decisions(path)) == [CORRECT, decision("", "complete")]
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {
        "at": "2026-01-02T03:04:05.678Z",
        "reviewer": "ana",
        "paper": "1",
        "title": "Brisk: quick sampling 🚀",
        "text": "0" * 16,
        "path": "method_name",
        "verdict": "accept",
        "old": "SlowNet",
    }


@given(st.sampled_from(["accept", "reject"]), st.none() | st.booleans() | st.just(0) | st.text())
def test_every_value_survives_the_file(verdict: str, old: Any) -> None:
    made = decision("field", verdict, old)
    assert Decision.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_a_torn_last_line_is_healed_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "r.review.jsonl"
    DecisionLog(path).append(ACCEPT)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert list(read_decisions(path)) == [ACCEPT]  # a reader passes it over
    log = DecisionLog(path)
    log.append(REJECT)
    assert [json.loads(line)["verdict"] for line in path.read_text().splitlines()] == [
        "accept",
        "reject",
    ]


def test_a_last_line_that_an_editor_left_without_its_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "r.review.jsonl"
    DecisionLog(path).append(ACCEPT)
    path.write_bytes(path.read_bytes().rstrip())
    DecisionLog(path).append(decision("code_url", "reject", "x"))
    assert len(path.read_text().splitlines()) == 2


def test_decisions_that_an_editor_saved_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.review.jsonl"
    DecisionLog(path).append(ACCEPT)
    path.write_bytes(b"\xef\xbb\xbf\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert list(read_decisions(path)) == [ACCEPT]
    log = DecisionLog(path)
    log.append(CORRECT)
    assert list(log.decisions) == [CORRECT]
    with path.open("a") as stream:
        stream.write("hello\n")
    with pytest.raises(DumpError, match="line 4: this is not a decision"):  # as an editor counts
        read_decisions(path)


def test_a_line_of_something_else_is_told_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "r.review.jsonl"
    DecisionLog(path).append(ACCEPT)
    with path.open("a") as stream:
        stream.write('{"id": "1"}\n')
    with pytest.raises(DumpError, match="line 2: this is not a decision"):
        read_decisions(path)


WRITER = """
import sys
from pathlib import Path
from extractor.decisions import Decision, DecisionLog
log = DecisionLog(Path(sys.argv[1]))
for number in range(40):
    log.append(Decision("t", sys.argv[2], "1", "T", "0", f"f[{number}]", "accept", old=number))
"""


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.review.jsonl"
    command = [sys.executable, "-c", WRITER, str(path)]
    both = [subprocess.Popen([*command, name]) for name in ("ana", "bob")]
    assert [each.wait() for each in both] == [0, 0]
    rows = read_jsonl(path)
    by = {name: [row["old"] for row in rows if row["reviewer"] == name] for name in ("ana", "bob")}
    assert by == {"ana": list(range(40)), "bob": list(range(40))}


def test_a_log_sees_what_another_one_adds(tmp_path: Path) -> None:
    one, other = (DecisionLog(tmp_path / "r.review.jsonl") for _ in range(2))
    other.append(ACCEPT)
    assert one.refresh()
    assert list(one.decisions) == [ACCEPT]
    assert not one.refresh()


def test_a_decision_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "missing" / "r.review.jsonl")
    with pytest.raises(OutputError, match="cannot be written"):
        log.append(ACCEPT)


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(tmp_path / "r.review.jsonl")
    log.append(ACCEPT)
    before = log.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        log.append(REJECT)
    assert log.path.read_bytes() == before


# Which hold


def test_the_later_decision_holds_and_undo_takes_back_ones_own() -> None:
    bobs = decision("method_name", "reject", "SlowNet", reviewer="bob")
    decisions = Decisions([ACCEPT, bobs])
    assert list(decisions) == [bobs]
    assert decisions.disagreements() == 1
    decisions.add(decision("method_name", "undo", "SlowNet", reviewer="bob"))
    assert list(decisions) == [ACCEPT]
    decisions.add(decision("method_name", "undo", "SlowNet", reviewer="bob"))
    assert list(decisions) == [ACCEPT]
    decisions.add(decision("method_name", "undo", "SlowNet"))
    assert list(decisions) == []


def test_undo_takes_back_a_whole_paper_that_was_done(tmp_path: Path) -> None:
    review = Review(tmp_path)
    with review.session() as session:
        session.decide({"paper": 0, "index": 0, "verdict": "reject"})
        before = review.decided()
        session.complete({"paper": 0})
        undone = session.undo({})["undone"]
        assert (undone["verdict"], undone["values"]) == ("complete", 4)
        assert review.decided() == before
        assert session.undo({})["undone"]["index"] == 0
    assert review.decided() == []


# Records with decisions applied


def applied(*decisions: Decision) -> tuple[Json, list[Decision]]:
    return apply_decisions(RECORDS[0], decisions)


def test_a_rejected_item_leaves_its_list_and_evidence_moves_up() -> None:
    first, second = {"quote": "a"}, {"quote": "b"}
    rests = [
        {"path": f"claims[{at}].quote", "source": "title", "start": at, "end": 9} for at in (0, 1)
    ]
    row = {"id": "1", "title": "T", "claims": [first, second], "evidence": rests, "meta": {}}
    reviewed, unmatched = apply_decisions(row, [decision("claims[0]", "reject", first)])
    assert unmatched == []
    assert reviewed["claims"] == [second]
    assert reviewed["evidence"] == [rests[1] | {"path": "claims[0].quote"}]
    reason = {"path": "claims[0]", "value": first, "reason": "rejected in review by ana"}
    assert reviewed["meta"]["dropped"] == [reason]


def test_a_corrected_value_stands_in_its_place_with_the_selected_words() -> None:
    reviewed, unmatched = applied(CORRECT)
    assert unmatched == []
    assert reviewed["method_name"] == "Brisk"
    own = [each for each in reviewed["evidence"] if each["path"] == "method_name"]
    assert own == [{**WORDS[0], "path": "method_name", "confidence": 1.0}]
    assert [*reviewed] == [*RECORDS[0]]


def test_an_accepted_value_is_sure_and_the_others_are_as_they_were() -> None:
    reviewed, _ = applied(decision("claimed_speedups[0]", "accept", CLAIM))
    sure = {each["path"]: each.get("confidence") for each in reviewed["evidence"]}
    assert sure["claimed_speedups[0].quote"] == sure["claimed_speedups[0].value"] == 1
    assert sure["method_name"] == 0.4
    assert sure["hardware[0]"] is None


def test_added_and_restored_values_are_appended() -> None:
    reviewed, unmatched = applied(
        decision("benchmarks[1]", "add", None, "Foxglove", evidence=WORDS),
        decision("hardware[1]", "correct", "Acme T10", "Acme T9-mini", refused=True),
        decision("hardware[1]", "reject", "Acme T11", refused=True),
    )
    assert unmatched == []
    assert reviewed["benchmarks"] == ["Larkspur-2K", "Foxglove"]
    assert reviewed["hardware"] == ["Acme T9", "Acme T9-mini"]
    assert {each["path"] for each in reviewed["evidence"]} >= {"benchmarks[1]"}


def test_the_confidence_of_values_without_evidence_moves_too() -> None:
    meta = {"confidence": {"tags[0]": 0.3, "tags[1]": 0.4, "open": 0.5}}
    row = {"id": "1", "title": "T", "tags": ["a", "b"], "open": True, "evidence": [], "meta": meta}
    decisions = [decision("tags[0]", "reject", "a"), decision("open", "accept", True)]
    reviewed, _ = apply_decisions(row, decisions)
    assert reviewed["meta"]["confidence"] == {"tags[0]": 0.4, "open": 1.0}


def test_what_the_records_no_longer_have_is_told_and_not_applied() -> None:
    row = RECORDS[0] | {"method_name": "Other"}
    reviewed, unmatched = apply_decisions(row, [ACCEPT])
    assert (reviewed["method_name"], unmatched) == ("Other", [ACCEPT])
    reviewed, unmatched = apply_decisions(row, [CORRECT])
    assert (reviewed["method_name"], unmatched) == ("Other", [CORRECT])
    added = decision("method_name", "add", None, "Brisk")
    assert apply_decisions(row, [added])[1] == [added]
    # what a new run did right by itself is no contradiction
    assert apply_decisions(RECORDS[0] | {"method_name": "Brisk"}, [CORRECT])[1] == []
    assert apply_decisions(row, [REJECT])[1] == []


@given(
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["accept", "reject", "correct"]))
    ),
)
def test_evidence_stays_with_its_value_and_twice_is_once(
    tags: list[str], decided: list[tuple[str, str]]
) -> None:
    evidence = [
        {"path": f"tags[{at}]", "source": "title", "start": ord(tag), "end": ord(tag) + 1}
        for at, tag in enumerate(tags)
    ]
    row = {"id": "1", "title": "T", "tags": tags, "evidence": evidence, "meta": {"dropped": []}}
    made = [
        decision(
            "tags[0]", verdict, tag, tag.upper() if verdict == "correct" else None,
            evidence=({"path": "", "source": "title", "start": ord(tag.upper()), "end": 99},),
        )
        for tag, verdict in decided
    ]  # fmt: skip
    standing = Decisions(made).of("1", made[0].title) if made else []
    reviewed, _ = apply_decisions(row, standing)
    places = {each["path"]: chr(each["start"]) for each in reviewed["evidence"]}
    assert places == {f"tags[{at}]": tag for at, tag in enumerate(reviewed["tags"])}
    again, _ = apply_decisions(reviewed, standing)
    assert (again["tags"], again["evidence"]) == (reviewed["tags"], reviewed["evidence"])


def test_papers_of_one_id_and_title_are_told_apart_by_their_texts(
    tmp_path: Path, invoke: Invoke
) -> None:
    """The same paper twice, the second time with more of its abstract."""
    review = Review(tmp_path)
    long, cut = PAPERS[0], PAPERS[0] | {"abstract": str(PAPERS[0]["abstract"]).split(" Code")[0]}
    benchmarks = [place(0, "benchmarks[0]", "Larkspur-2K"), place(0, "benchmarks[1]", "Foxglove")]
    names = ["Larkspur-2K", "Foxglove"]
    url = place(0, "code_url", "https://example.org/brisk")
    rows = [
        record(0, benchmarks, benchmarks=names),
        record(0, [*benchmarks, url], benchmarks=names, code_url="https://example.org/brisk"),
    ]
    write_jsonl(review.records, rows)
    write_jsonl(review.dump, [cut, long])
    with review.session() as session:
        for paper, index in ((0, 0), (0, 1), (1, 1), (1, 2)):
            verdict = "reject" if (paper, index) == (1, 1) else "accept"
            session.decide({"paper": paper, "index": index, "verdict": verdict})
        session.complete({"paper": 1})
        assert session.decided == len(session.items)
        assert session.decisions.disagreements() == 0
    done = invoke("convert", review.records, tmp_path / "out.jsonl")
    assert done.err.startswith("Review applied: 4 accepted, 1 rejected, 1 paper complete.\n")
    assert "Not applied" not in done.err
    first, second = read_jsonl(tmp_path / "out.jsonl")
    assert (first["benchmarks"], second["benchmarks"]) == (names, names[:1])


def test_decisions_about_two_texts_of_one_record_both_count(tmp_path: Path) -> None:
    """The abstract changed between two reviews: of one value, the later decision holds."""
    made = [
        decision("method_name", "reject", "SlowNet", text="old"),
        decision("benchmarks[0]", "reject", "Larkspur-2K", text="old"),
        decision("method_name", "accept", "SlowNet", text="new"),
    ]
    reviewed, *_ = ReviewedRecords(RECORDS, Decisions(made))
    assert (reviewed["method_name"], reviewed["benchmarks"]) == ("SlowNet", [])


# convert


@pytest.fixture
def review(tmp_path: Path) -> Review:
    made = Review(tmp_path)
    DecisionLog(made.path).append(CORRECT, decision("benchmarks[0]", "reject", "Larkspur-2K"))
    return made


@pytest.mark.parametrize("ending", ["jsonl", "sqlite", "parquet", "json"])
def test_convert_applies_decisions_in_every_format(
    review: Review, tmp_path: Path, invoke: Invoke, ending: str
) -> None:
    out = tmp_path / f"out.{ending}"
    done = invoke("convert", review.records, out)
    assert done.code == 0
    assert "Review applied: 1 corrected, 1 rejected." in done.err
    first, *others = read_records(out)
    assert (first["method_name"], first["benchmarks"]) == ("Brisk", [])
    assert [row["id"] for row in others] == ["2", "3"]


def test_convert_leaves_decisions_out_on_demand(
    review: Review, tmp_path: Path, invoke: Invoke
) -> None:
    out = tmp_path / "out.jsonl"
    assert "Review" not in invoke("convert", review.records, out, "--no-review").err
    assert read_jsonl(out) == RECORDS


def test_a_draft_of_gold_has_what_was_decided(
    review: Review, tmp_path: Path, invoke: Invoke
) -> None:
    done = invoke("gold", "draft", review.records)
    assert "Review applied: 1 corrected, 1 rejected." in done.err.splitlines()
    draft, *_ = read_jsonl(review.records.with_name("records.gold.jsonl"))
    assert (draft["method_name"], draft["benchmarks"]) == ("Brisk", [])
    as_it_was = tmp_path / "other.jsonl"
    done = invoke("gold", "draft", review.records, "--no-review", "-o", as_it_was)
    assert "Review" not in done.err
    assert read_jsonl(as_it_was)[0]["benchmarks"] == RECORDS[0]["benchmarks"]
    quiet = invoke("gold", "draft", review.records, "-o", tmp_path / "quiet.jsonl", "-q")
    assert (quiet.code, quiet.err) == (0, "")


@pytest.mark.parametrize("option", ["-o", "--failures", "--debug-log", "convert", "report", "diff"])
@pytest.mark.parametrize("kind", ["decisions", "edited", "long", "damaged", "gold"])
def test_what_people_decided_is_not_overwritten(
    review: Review, tmp_path: Path, invoke: Invoke, kind: str, option: str
) -> None:
    kept = review.path
    if kind == "edited":
        kept.write_bytes(b"\xef\xbb\xbf\r\n" + kept.read_bytes().replace(b"\n", b"\r\n"))
    elif kind == "long":
        kept = tmp_path / "other-name.jsonl"
        DecisionLog(kept).append(decision("", "complete", title="long " * 20_000))
    elif kind == "damaged":
        kept.write_bytes(b"?" + kept.read_bytes())
    elif kind == "gold":
        kept = write_jsonl(tmp_path / "my.gold.jsonl", [{"id": "1", "method_name": "Brisk"}])
    before = kept.read_bytes()
    dump = write_jsonl(tmp_path / "dump.jsonl", PAPERS)
    other = write_jsonl(tmp_path / "other.jsonl", RECORDS)
    run = ["run", dump, "--model", "none"]
    commands: dict[str, list[object]] = {
        "-o": [*run, "-o", kept],
        "--failures": [*run, "--failures", kept],
        "--debug-log": [*run, "--debug-log", kept],
        "convert": ["convert", other, kept],
        "report": ["report", other, "-o", kept],
        "diff": ["diff", other, other, "--html", kept],
    }
    code, _, err = invoke(*commands[option])
    assert (code, err.count("\n")) == (2, 1)
    assert {"damaged": "may hold decisions", "gold": "is gold"}.get(kind, "holds decisions") in err
    assert kept.read_bytes() == before


def test_records_under_the_name_of_gold_are_replaced(tmp_path: Path, invoke: Invoke) -> None:
    dump, out = write_jsonl(tmp_path / "dump.jsonl", PAPERS[1:]), tmp_path / "my.gold.jsonl"
    for _ in range(2):
        assert invoke("run", dump, "--model", "none", "-o", out).code == 0


def test_convert_tells_what_does_not_fit_the_records(
    review: Review, tmp_path: Path, invoke: Invoke
) -> None:
    write_jsonl(review.records, [RECORDS[0] | {"method_name": None}, RECORDS[1]])
    DecisionLog(review.path).append(decision("code_url", "accept", "u", paper="9", title="Gone"))
    done = invoke("convert", review.records, tmp_path / "out.jsonl")
    assert (
        'Not applied: paper 1 (Brisk: quick sampling 🚀) has not, or no longer, method_name "Sl'
        in (done.err)
    )
    assert "paper 9 (Gone)" in done.err


def test_convert_does_not_overwrite_the_decisions(review: Review, invoke: Invoke) -> None:
    before = review.path.read_bytes()
    assert invoke("convert", review.records, review.path).code == 2
    assert review.path.read_bytes() == before


# Gold


def test_only_what_was_decided_counts(review: Review) -> None:
    DecisionLog(review.path).append(
        decision("hardware[0]", "accept", "Acme T9"),
        decision("claimed_speedups[1]", "add", None, CLAIM | {"value": 20.0, "unit": "%"}),
    )
    evaluation = evaluate(read_gold(review.path), RECORDS)
    counts = {name: field.counts for name, field in evaluation.fields.items()}
    as_numbers = {name: (each.right, each.wrong, each.missing) for name, each in counts.items()}
    assert as_numbers["method_name"] == (0, 1, 1)  # SlowNet instead of Brisk
    assert as_numbers["benchmarks"] == (0, 1, 0)  # rejected
    assert as_numbers["hardware"] == (1, 0, 0)
    assert as_numbers["claimed_speedups"] == (0, 0, 1)  # the one that is there is undecided
    assert as_numbers["code_url"] == (0, 0, 0)


def test_a_complete_paper_counts_whole(review: Review) -> None:
    DecisionLog(review.path).append(decision("", "complete"))
    evaluation = evaluate(read_gold(review.path), RECORDS)
    counts = evaluation.fields["claimed_speedups"].counts
    assert (counts.right, counts.wrong, counts.missing) == (0, 1, 0)


def test_eval_takes_decisions_as_gold(review: Review, invoke: Invoke) -> None:
    done = invoke("eval", "--records", review.records, "--gold", review.path, "--json")
    assert done.code == 0
    assert json.loads(done.out)["fields"]["benchmarks"]["precision"] == 0


def test_what_a_person_rejected_is_no_rejected_answer(
    review: Review, tmp_path: Path, invoke: Invoke
) -> None:
    invoke("convert", review.records, tmp_path / "out.jsonl")
    first, *_ = read_jsonl(tmp_path / "out.jsonl")
    assert [each["value"] for each in first["meta"]["dropped"]] == [
        "Acme T10",
        "Larkspur-2K",
        "SlowNet",
    ]
    done = invoke("eval", "--records", tmp_path / "out.jsonl", "--gold", review.path, "--json")
    fields = json.loads(done.out)["fields"]
    refused = {name: each["refused"] for name, each in fields.items() if each["refused"]}
    assert refused == {"hardware": 1}
