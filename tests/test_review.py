"""The review without a browser: what comes first, what is refused, who may ask, how it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from helpers import read_jsonl, write_jsonl
from pydantic import BaseModel
from reviews import CLAIM, PAPERS, RECORDS, Review, place, record

from extractor.confidence import MinConfidence
from extractor.decisions import DecisionLog, read_decisions
from extractor.errors import DumpError, UsageError
from extractor.grounding import NumberIn, Verbatim
from extractor.review import ReviewServer
from extractor.review.queue import Item, queue, whole_papers
from extractor.review.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers import Invoke

Json = dict[str, Any]


@pytest.fixture
def review(tmp_path: Path) -> Review:
    return Review(tmp_path)


# What comes first


def values(*confidences: float | None) -> list[Value]:
    return [Value(f"f[{at}]", at, confidence) for at, confidence in enumerate(confidences)]


def test_doubtful_values_come_first_paper_by_paper() -> None:
    papers = [values(0.95, 0.6), values(0.9), [], values(None, 0.3), [Value("f", "x", reason="no")]]
    assert queue(papers) == [
        Item(3, 1), Item(3, 0), Item(4, 0), Item(0, 1),  # doubtful
        Item(1, 0), Item(0, 0),
    ]  # fmt: skip
    refused = [Value("f", "x", 0.85, reason="confidence below 0.9: 0.85")]
    assert queue([values(0.82), refused, values(0.7)]) == [Item(2, 0), Item(1, 0), Item(0, 0)]


def test_a_value_that_was_left_out_for_its_confidence_has_its_words(review: Review) -> None:
    every = record(0, [place(0, "hardware[0]", "Acme T9-mini", 0.63)], hardware=["Acme T9-mini"])
    write_jsonl(review.records, [MinConfidence(0.9).of_row(every)])
    with review.session() as session:
        (value,) = session.paper(0)["values"]
    assert (value["confidence"], value["reason"]) == (0.63, "confidence below 0.9: 0.63")
    (words,) = value["evidence"]
    assert words == place(0, "hardware[0]", "Acme T9-mini")


def test_a_larger_sample_continues_a_smaller_one() -> None:
    papers = [values(0.5)] * 30
    few, more = whole_papers(papers, 3), whole_papers(papers, 5)
    assert few == more[: len(few)]
    assert [item.value for item in few] == [0, None] * 3


def test_what_was_said_before_is_no_value(review: Review) -> None:
    dropped = [{"path": "hardware[1]", "value": "Acme T9", "reason": "said before"}]
    write_jsonl(review.records, [record(0, [], dropped)])
    with review.session() as session:
        assert session.items == []


# What a person's value is held to


def ask(session: Any, action: str, **asked: Any) -> Json:
    done: Json = session.actions[action](asked)
    return done


def span(words: str, paper: int = 0) -> Json:
    return {name: value for name, value in place(paper, "", words).items() if name != "path"}


def correct(session: Any, index: int, value: Any, **places: Json) -> Json:
    return ask(
        session, "decide", paper=0, index=index, verdict="correct", value=value,
        places={name.rstrip("_"): each for name, each in places.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("FastNet", "not in the text"),
        ("Bris", "not in the text"),  # a part of a word
        (["Brisk"], "valid string"),
        (None, "valid string"),
    ],
)
def test_a_value_that_the_paper_does_not_have_is_refused(
    review: Review, value: Any, why: str
) -> None:
    write_jsonl(review.records, [RECORDS[0] | {"method_name": None}])
    with review.session() as session, pytest.raises(UsageError, match=why):
        ask(session, "add", paper=0, field="hardware", value=value, places={})
    assert not review.path.exists()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"value": 9}, "value: the quote does not say 9"),
        ({"unit": "%"}, 'unit: the quote does not say "%"'),
        ({"baseline": "FastNet"}, "baseline: not in the text"),
        ({"kind": "speed"}, "kind: Input should be"),
        ({"quote": "4x faster"}, "quote: not in the text"),
        ({"value_max": 9}, "value max: the quote does not say 9"),
    ],
)
def test_every_key_of_a_claim_is_checked(review: Review, changed: Json, why: str) -> None:
    with review.session() as session, pytest.raises(UsageError, match=re.escape(why)) as refused:
        correct(session, 1, CLAIM | changed)
    assert "claimed_speedups" not in str(refused.value)
    assert not review.path.exists()


def test_evidence_is_the_words_that_were_selected(review: Review) -> None:
    text = PAPERS[0]["abstract"]
    for start in (text.index("SlowNet"), text.rindex("SlowNet")):
        chosen = {"source": "abstract", "start": start, "end": start + 7}
        with review.session() as session:
            write = {"baseline": "SlowNet", "kind": "training"}
            correct(session, 1, CLAIM | write, baseline=chosen)
        (decision,) = read_decisions(review.path)
        (baseline,) = (each for each in decision.evidence if each["path"] == ".baseline")
        assert (baseline["start"], baseline["end"]) == (start, start + 7)


NETS = "We test GPT 2 on a 2-GPU box, with two Nets. Net is Net-2. See https://a.org/x, https://a.org/x/y."


@pytest.mark.parametrize(
    ("before", "words", "said"),
    [
        ("GPT ", "2", "2"),  # and not the words for it
        ("on a ", "2", "2"),
        ("two ", "Nets", "Nets"),
        ("is ", "Net", None),  # though the text has it elsewhere
        ("See ", "https://a.org/x", "https://a.org/x"),
    ],
)
def test_selected_words_are_the_evidence_or_are_refused(
    review: Review, before: str, words: str, said: str | None
) -> None:
    row = record(0, [])
    write_jsonl(review.records, [row])
    write_jsonl(review.dump, [PAPERS[0] | {"abstract": NETS}])
    start = NETS.index(before + words) + len(before)
    selected = {"source": "abstract", "start": start, "end": start + len(words)}
    field = "code_url" if "http" in words else "hardware"
    asked = {"paper": 0, "field": field, "value": words, "places": {"": selected}}
    with review.session() as session:
        if said is None:
            with pytest.raises(UsageError, match="is a part of a longer word or name there"):
                ask(session, "add", **asked)
            return
        (added,) = ask(session, "add", **asked)["added"]
    assert (added["new"], added["evidence"]) == (said, [{"path": "", **selected}])


def test_a_value_may_be_given_other_words(review: Review, invoke: Invoke, tmp_path: Path) -> None:
    """The name stands in the text twice, and the other place is the one that says it."""
    start = PAPERS[0]["abstract"].rindex("SlowNet")
    chosen = {"source": "abstract", "start": start, "end": start + 7}
    with review.session() as session:
        with pytest.raises(UsageError, match="has this value already: accept it"):
            correct(session, 0, "SlowNet")
        correct(session, 0, "SlowNet", _=chosen)
    done = invoke("convert", review.records, tmp_path / "out.jsonl")
    assert "Review applied: 1 corrected." in done.err
    first, *_ = read_jsonl(tmp_path / "out.jsonl")
    own = [each for each in first["evidence"] if each["path"] == "method_name"]
    assert own == [{"path": "method_name", **chosen, "confidence": 1}]
    assert first["meta"]["dropped"] == RECORDS[0]["meta"]["dropped"]


def test_a_refused_value_comes_back_only_where_the_text_has_it(review: Review) -> None:
    dropped = [
        {"path": "hardware[0]", "value": "Acme T10", "reason": "not in the text"},
        {"path": "benchmarks[0]", "value": "Foxglove", "reason": "below 0.5"},
    ]
    write_jsonl(review.records, [record(0, [], dropped)])
    with review.session() as session:
        with pytest.raises(UsageError, match="not in the text"):
            ask(session, "decide", paper=0, index=0, verdict="accept")
        ask(session, "decide", paper=0, index=1, verdict="accept")
        assert ask(session, "decide", paper=0, index=1, verdict="accept")  # twice is once
    assert review.decided() == [("benchmarks[0]", "accept", "Foxglove")]


def test_a_decision_is_about_the_value_whether_a_run_keeps_it_or_not(
    review: Review, invoke: Invoke, tmp_path: Path
) -> None:
    """Records with a threshold and without one, in either order: the decisions hold in both."""
    every = record(
        0,
        [place(0, "hardware[0]", "Acme T9", 0.3), place(0, "benchmarks[0]", "Foxglove", 0.4)],
        hardware=["Acme T9"],
        benchmarks=["Foxglove"],
    )
    sure = MinConfidence(0.5).of_row(every)
    for first, later in ((every, sure), (sure, every)):
        review.path.unlink(missing_ok=True)
        write_jsonl(review.records, [first])
        with review.session() as session:
            paper = session.paper(0)
            for at, value in enumerate(paper["values"]):
                verdict = "reject" if value["field"] == "hardware" else "accept"
                ask(session, "decide", paper=0, index=at, verdict=verdict)
        write_jsonl(review.records, [later])
        with review.session() as session:
            assert session.decided == 2
        for row in (first, later):
            write_jsonl(review.records, [row])
            done = invoke("convert", review.records, tmp_path / "out.jsonl")
            kept = "kept" if first is sure else "accepted"
            assert f"Review applied: 1 {kept}, 1 rejected." in done.err
            assert "Not applied" not in done.err
            (reviewed,) = read_jsonl(tmp_path / "out.jsonl")
            assert (reviewed["hardware"], reviewed["benchmarks"]) == ([], ["Foxglove"])
            assert reviewed["evidence"] == [place(0, "benchmarks[0]", "Foxglove", 1.0)]
            assert [each["value"] for each in reviewed["meta"]["dropped"]] == ["Acme T9"]


def test_a_refused_value_is_not_kept_beside_the_one_of_its_field(review: Review) -> None:
    dropped = [{"path": "method_name", "value": "Brisk", "reason": "confidence below 0.9: 0.5"}]
    write_jsonl(review.records, [record(0, [], dropped, method_name="SlowNet")])
    with review.session() as session, pytest.raises(UsageError, match="has a value already"):
        ask(session, "decide", paper=0, index=1, verdict="accept")
    assert not review.path.exists()


def test_a_field_of_one_value_takes_no_second(review: Review) -> None:
    with review.session() as session:
        with pytest.raises(UsageError, match="has a value already"):
            ask(session, "add", paper=0, field="method_name", value="Brisk", places={})
        with pytest.raises(UsageError, match="has this value already"):
            ask(session, "add", paper=0, field="benchmarks", value="Larkspur-2K", places={})
        ask(session, "add", paper=0, field="benchmarks", value="Foxglove", places={})
        with pytest.raises(UsageError, match="added already"):
            ask(session, "add", paper=0, field="benchmarks", value="Foxglove", places={})


class Part(BaseModel):
    """An object of a schema of one's own."""

    name: Annotated[str, Verbatim()]
    size: Annotated[int | None, NumberIn()] = None
    role: Literal["main", "spare"] = "main"
    notes: list[str] = []


class Parts(BaseModel):
    """A schema of one's own: objects, a scale, a flag and a mapping."""

    parts: list[Part] = []
    count: Annotated[int | None, NumberIn()] = None
    open: bool | None = None
    sizes: dict[str, Annotated[int, NumberIn()]] = {}


def test_a_schema_of_ones_own_has_a_form_and_the_same_rule(review: Review) -> None:
    row = {name: RECORDS[0][name] for name in ("id", "title", "evidence", "meta")}
    ends = {"evidence": [], "meta": {"task": "own@1", "dropped": []}}
    write_jsonl(review.records, [row | {"parts": [], "count": 7, "open": True, "sizes": {}} | ends])
    with review.session(schema=Parts) as session:
        fields = {each["name"]: each for each in session.overview()["fields"]}
        kinds = {key["name"]: key["kind"] for key in fields["parts"]["keys"]}
        assert kinds == {"name": "text", "size": "integer", "role": "choice", "notes": "json"}
        assert fields["parts"]["words_key"] == "name"
        assert {name: each["kind"] for name, each in fields.items()} == {
            "parts": "object", "count": "integer", "open": "flag", "sizes": "json",
        }  # fmt: skip
        part = {"name": "Acme T9 board", "size": 20, "role": "spare", "notes": ["x"]}
        ask(session, "add", paper=0, field="parts", value=part, places={})
        with pytest.raises(UsageError, match="does not say 8"):
            correct(session, 0, 8)
        correct(session, 0, 20, _=span("20%"))
        correct(session, 1, False)
    assert [each[2] for each in review.decided()] == [part, 20, False]


# Two people, and what is left by an earlier one


def test_what_another_person_decides_is_seen(review: Review) -> None:
    with review.session("ana") as ana, review.session("bob") as bob:
        ask(ana, "decide", paper=0, index=0, verdict="accept")
        verdicts = [item[4] for item in bob.overview()["items"]]
        assert verdicts.count("accept") == 1
        ask(bob, "decide", paper=0, index=0, verdict="reject")
        with pytest.raises(UsageError, match="nothing to undo"):
            [ask(bob, "undo") for _ in range(2)]
        assert ana.overview()["items"][0][4] == "accept"


def test_decisions_about_another_text_do_not_count(review: Review) -> None:
    with review.session() as session:
        ask(session, "decide", paper=0, index=0, verdict="accept")
        assert session.decided == 1
    changed = PAPERS[0] | {"abstract": PAPERS[0]["abstract"] + " It is open."}
    write_jsonl(review.dump, [changed, *PAPERS[1:]])
    with review.session() as session:
        assert (session.decided, session.about_other_texts) == (0, 1)
        assert session.found.of_another_text == 0  # the words are where they were
        assert session.paper(0)["values"][0]["evidence"]


def test_words_of_another_text_are_not_shown_as_those_of_a_value(
    review: Review, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = [
        PAPERS[0] | {"abstract": "New: " + str(PAPERS[0]["abstract"])},
        PAPERS[1] | {"abstract": "Short."},
    ]
    write_jsonl(review.dump, [*changed, PAPERS[2]])
    with review.session() as session:
        shown = [each for at in (0, 1) for each in session.paper(at)["values"]]
        assert [each["evidence"] for each in shown] == [[]] * 6
        ask(session, "decide", paper=0, index=0, verdict="accept")
    assert next(iter(read_decisions(review.path))).evidence == ()
    write_jsonl(review.dump, [PAPERS[0], changed[1], PAPERS[2]])
    monkeypatch.setattr(ReviewServer, "serve", lambda _: None)
    done = invoke("review", review.records, "--dump", review.dump, "--no-browser")
    assert "The dump has another text for 1 paper: words" in done.err
    assert "Not counted here: 1 decision about another text of these papers." in done.err


def test_records_of_another_dump_are_an_error(review: Review) -> None:
    write_jsonl(review.dump, [{"id": "1", "title": "Other", "abstract": "A text of words."}])
    with pytest.raises(DumpError, match="none of the papers"):
        review.session()


# Who may ask


@contextmanager
def served(review: Review) -> Iterator[ReviewServer]:
    with review.session() as session:
        server = ReviewServer(session)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        server.stop()
        thread.join()
        server.close()


def request(
    server: ReviewServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    done = answer.status, answer.read(), dict(answer.getheaders())
    connection.close()
    return done


DECIDE = json.dumps({"paper": 0, "index": 0, "verdict": "accept"}).encode()


def test_only_this_page_may_ask(review: Review) -> None:
    with served(review) as server:
        home, api = f"/{server.token}/", f"/{server.token}/api/decide"
        own = {"Origin": f"http://127.0.0.1:{server.port}", "Content_Type": "application/json"}
        assert request(server, "GET", home)[0] == 200
        link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "document"}
        assert request(server, "GET", home, **link)[0] == 200
        refused = {
            "no secret": request(server, "GET", "/"),
            "wrong secret": request(server, "GET", f"/{server.token[:-1]}x/api/overview"),
            "rebinding": request(server, "GET", home, Host=f"evil.example:{server.port}"),
            "framed": request(
                server, "GET", home, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="iframe"
            ),
            "no origin": request(server, "POST", api, DECIDE, Content_Type="application/json"),
            "other origin": request(
                server, "POST", api, DECIDE, **(own | {"Origin": "https://evil.example"})
            ),
            "null origin": request(server, "POST", api, DECIDE, **(own | {"Origin": "null"})),
            "a form": request(
                server, "POST", api, DECIDE, **(own | {"Content_Type": "text/plain"})
            ),
            "too long": request(server, "POST", api, None, **(own | {"Content_Length": "9" * 9})),
            "longer": request(server, "POST", api, None, **(own | {"Content_Length": "9" * 5_000})),
            "no JSON": request(server, "POST", api, b"{", **own),
            "no object": request(server, "POST", api, b"[]", **own),
            "file": request(server, "GET", f"{home}../../../../etc/passwd"),
            "many digits": request(server, "GET", f"{home}api/papers/{'9' * 5_000}"),
            "other action": request(server, "POST", f"{home}api/close", b"{}", **own),
        }
        statuses = {name: answer[0] for name, answer in refused.items()}
        assert all(400 <= status < 500 for status in statuses.values()), statuses
        assert not review.path.exists()
        assert request(server, "POST", api, DECIDE, **own)[0] == 200
        assert len(review.decided()) == 1


PLACE = {"source": "abstract", "start": float("inf"), "end": "9"}


@pytest.mark.parametrize(
    "asked",
    [
        {"paper": 99, "index": 0, "verdict": "accept"},
        {"paper": True, "index": [], "verdict": "accept"},
        {"paper": 0, "index": -1, "verdict": "accept"},
        {"paper": 0, "index": 0, "verdict": "undo"},
        {"paper": 0, "index": 0, "verdict": "correct", "value": "Brisk", "places": {"": 1}},
        {"paper": 0, "index": 0, "verdict": "correct", "value": "x", "places": []},
        {"paper": 0, "index": 0, "verdict": "correct", "value": "Brisk", "places": 5},
        {"paper": 0, "index": 0, "verdict": "correct", "value": "Brisk", "places": [1]},
        {"paper": 0, "index": 0, "verdict": "correct", "value": "Brisk", "places": {"": PLACE}},
        {"paper": 10**40, "index": {}, "verdict": {}},
        {},
    ],
)
def test_what_the_page_never_sends_is_answered_with_a_reason(review: Review, asked: Json) -> None:
    with served(review) as server:
        own = {"Origin": f"http://127.0.0.1:{server.port}", "Content_Type": "application/json"}
        path = f"/{server.token}/api/decide"
        status, body, _ = request(server, "POST", path, json.dumps(asked).encode(), **own)
        assert status == 200
        assert json.loads(body)["problem"]
        assert not review.path.exists()


def test_the_address_without_its_last_slash_leads_to_the_page(review: Review) -> None:
    with served(review) as server:
        status, _, headers = request(server, "GET", f"/{server.token}")
        assert (status, headers["Location"]) == (301, f"/{server.token}/")
        assert request(server, "GET", f"/{server.token}x")[0] == 404


def test_a_connection_that_is_dropped_leaves_the_terminal_as_it_is(
    review: Review, capfd: pytest.CaptureFixture[str]
) -> None:
    """The server closes the connection after its error; only then is the terminal looked at."""
    with served(review) as server:
        head = f"Host: 127.0.0.1:{server.port}\r\nOrigin: http://127.0.0.1:{server.port}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        closed = threading.Event()
        end = server._server.shutdown_request
        server._server.shutdown_request = lambda request: (end(request), closed.set())  # type: ignore[assignment, method-assign, misc]
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"POST /{server.token}/api/decide HTTP/1.1\r\n{head}".encode())
            linger = struct.pack("ii", 1, 0)  # what is left is dropped, not sent
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert closed.wait(30)
    assert capfd.readouterr().err == ""


def test_the_page_loads_nothing_but_itself(review: Review) -> None:
    with served(review) as server:
        _, body, headers = request(server, "GET", f"/{server.token}/")
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        loaded = re.findall(r'(?:src|href)="([^"]+)"', body.decode())
        assert {each for each in loaded if not each.startswith("data:")} == {"style.css", "page.js"}
        script = request(server, "GET", f"/{server.token}/page.js")[1].decode()
        assert "innerHTML" not in script


# The command


def command(review: Review, *more: str) -> list[str]:
    options = ["--dump", str(review.dump), "--no-browser", "--reviewer", "ana", *more]
    return [sys.executable, "-m", "extractor", "review", str(review.records), *options]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_what_was_decided_and_what_to_type_next(review: Review, number: int) -> None:
    with subprocess.Popen(command(review), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "6 steps in 2 papers.\n"
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w-]+/)", line)
        assert found, line
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]))
        own = {"Origin": f"http://127.0.0.1:{found[1]}", "Content-Type": "application/json"}
        connection.request("POST", f"{found[2]}api/decide", DECIDE, own)
        assert connection.getresponse().status == 200
        process.send_signal(number)
        said = process.stderr.read()
        connection.close()
    assert process.returncode == 0
    assert f"1 decision in {review.path}: 1 accepted." in said
    assert f"extractor convert {review.records} OUT" in said
    assert f"--gold {review.path}" in said


def test_a_killed_server_loses_nothing(review: Review) -> None:
    with subprocess.Popen(command(review), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(
            r":(\d+)(/[\w-]+/)", process.stderr.readline() + process.stderr.readline()
        )
        assert found
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]))
        own = {"Origin": f"http://127.0.0.1:{found[1]}", "Content-Type": "application/json"}
        connection.request("POST", f"{found[2]}api/decide", DECIDE, own)
        connection.getresponse().read()
        os.kill(process.pid, signal.SIGKILL)
        connection.close()
    assert len(DecisionLog(review.path).decisions.verdicts()) == 1


def test_a_port_in_use_is_told(review: Review, invoke: Invoke) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = invoke("review", review.records, "--dump", review.dump, "--port", port)
    assert done.code == 2
    assert f"cannot be served on port {port}: Address already in use" in done.err


def test_decisions_that_cannot_be_written_are_told_at_once(review: Review, invoke: Invoke) -> None:
    review.path.mkdir()  # as root may write to every file
    done = invoke("review", review.records, "--dump", review.dump)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert f"{review.path}, which cannot be written: Is a directory. Make it writable" in done.err


def test_a_schema_that_is_not_built_in_is_asked_for(review: Review, invoke: Invoke) -> None:
    meta = {"task": "fields@1", "dropped": []}
    write_jsonl(review.records, [{"id": "1", "title": "T", "evidence": [], "meta": meta}])
    done = invoke("review", review.records, "--dump", review.dump)
    assert done.code == 2
    assert "'fields', which is not built in. Give the --schema" in done.err
    write_jsonl(review.records, [{"id": "1", "title": "T", "evidence": [], "meta": {}}])
    done = invoke("review", review.records, "--dump", review.dump)
    assert "name no task. Give the --schema" in done.err


def test_the_dump_is_needed(review: Review, invoke: Invoke) -> None:
    assert "--dump" in invoke("review", review.records).err
    done = invoke("review", review.records, "--dump", review.dump.parent / "none.txt")
    assert done.code == 1
    assert "none.txt" in done.err
