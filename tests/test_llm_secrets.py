"""Servers that hand the key back, whole or in pieces, and settings with passwords in them: nothing
of it is printed, logged, stored or recorded."""

from __future__ import annotations

import base64
import json
import traceback
from typing import TYPE_CHECKING

import pytest
from engine_runs import papers, run, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse
from helpers import read_jsonl

from extractor.errors import AuthenticationFailed, UsageError
from extractor.llm.providers import provider_for
from extractor.llm.redaction import REDACTED, Redaction
from extractor.llm.settings import ModelSettings

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

KEY = "sk-proj-Zq7Xv2Lm9Bd4Wc8Ty1Nf6Hj3Gs5Kp0Ra"
_HALF = len(KEY) // 2
_SHOWN = 4

ECHOES = {
    "whole": KEY,
    "in a header": f"Authorization: Bearer {KEY}.",
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 of a login": base64.b64encode(f"me:{KEY}".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(f"x{KEY}".encode()).decode(),
    "half of the base64": base64.b64encode(KEY.encode()).decode()[:30],
    "split by a newline": f"{KEY[:10]}\n{KEY[10:]}",
    "split by blanks": " ".join(KEY),
    "split by tabs": "\t".join((KEY[:5], KEY[5:15], KEY[15:])),
    "split by carriage returns": "\r\n".join((KEY[:9], KEY[9:18], KEY[18:27], KEY[27:])),
    "first half": KEY[:_HALF],
    "second half": KEY[_HALF:],
    "middle": KEY[8 : 8 + _HALF],
    "first half masked": f"{'*' * _HALF}{KEY[_HALF:]}",
    "second half masked": f"{KEY[:_HALF]}{'*' * _HALF}",
    "last four masked": f"{KEY[:-4]}****",
    "middle masked": f"{KEY[:12]}...{KEY[-4:]}",
    "all but the ends masked": f"sk-proj-********{KEY[-4:]}",
    "every other one masked": "".join(c if i % 2 else "*" for i, c in enumerate(KEY)),
    "zero-width spaces": "\u200b".join(KEY),
    "soft hyphens": "\u00ad".join(KEY),
    "NUL": "\0".join(KEY),
    "no-break spaces": "\u00a0".join(KEY),
    "hex": KEY.encode().hex(),
    "HEX": KEY.encode().hex().upper(),
    "hex with colons": KEY.encode().hex(":"),
    "hex of the second half": KEY[_HALF:].encode().hex(),
    "percent": "".join(f"%{ord(c):02x}" for c in KEY),
    "percent of signs": KEY.replace("-", "%2D"),
    "percent twice": KEY.replace("-", "%252D").replace("Z", "%255A"),
    "entities": "".join(f"&#{ord(c)};" for c in KEY),
    "hex entities": "".join(f"&#x{ord(c):X};" for c in KEY),
    "named entities": KEY.replace("-", "&hyphen;").replace("&hyphen;", "&#45;"),
    "u escapes": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "x escapes": "".join(f"\\x{ord(c):02x}" for c in KEY),
    "0x": ", ".join(f"0x{ord(c):02X}" for c in KEY),
    "octal escapes": "".join(f"\\{ord(c):03o}" for c in KEY),
    **{f"{sign} between": sign.join(KEY) for sign in "-.,=|/_\u0301"},
    "pieces": ", ".join(KEY[at : at + 5] for at in range(0, len(KEY), 5)),
    "thirds": f"{KEY[:12]} | {KEY[12:24]} | {KEY[24:]}",
    "lower case": KEY.lower(),
    "upper case": KEY.upper(),
    "full width": "".join(chr(ord(c) + 0xFEE0) for c in KEY),
    "tags": "".join(chr(0xE0000 + ord(c)) for c in KEY),
    "markup": "".join(f"<b>{c}</b>" for c in KEY),
    "a list of characters": json.dumps(list(KEY)),
    "base64 of base64": base64.b64encode(base64.b64encode(KEY.encode())).decode(),
    "second half of the base64": base64.b64encode(KEY.encode()).decode()[26:],
    **{
        f"{shown} before {mask}": KEY[:shown] + mask
        for mask in ("x" * 18, "#" * 18, "_" * 18, "*" * 18, "." * 18, "•" * 18, "…", "<redacted>")
        for shown in (12, _HALF)
    },
}


def _shown(text: str) -> list[str]:
    """Pieces of the key that a text shows, whatever is between them."""
    squeezed = "".join(char for char in text if not char.isspace() and char not in "\\\"'")
    encoded = base64.b64encode(KEY.encode()).decode()
    pieces = [KEY[at : at + 10] for at in range(len(KEY) - 9)]
    pieces += [KEY[-4:], encoded[:20], encoded[-20:-4], KEY[:10].encode().hex()]
    masked = ECHOES["every other one masked"]
    return [piece for piece in (*pieces, masked) if piece in squeezed]


_KINDS = 6


def _echo(asked: Asked) -> Reply:
    """Paper after paper another echo, in five kinds of replies, and then a good one."""
    number = int(asked.title.removeprefix("Net").split(":")[0])
    echo = [*ECHOES.values()][number // _KINDS]
    replies = [
        refuse(400, f"You sent {echo} to us"),
        refuse(400, "no", code=echo),
        Reply(f"<p>{echo}</p>".encode(), status=500),
        answer(asked, f"no JSON but {echo}"),
        answer(asked, {"method_name": echo, "benchmarks": [f"the {echo} set"]}),
        answer(asked),
    ]
    return replies[number % _KINDS]


def test_a_key_that_is_echoed_appears_nowhere(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    dump = write_dump(tmp_path / "dump.jsonl", papers(_KINDS * len(ECHOES)))
    with FaultServer(_echo) as server:
        arguments = ["run", dump, "-o", tmp_path / "out.jsonl", "--tries", 1, "--concurrency", 1]
        arguments += ["--debug-log", tmp_path / "log", "--cache-dir", tmp_path / "answers"]
        _, out, err = invoke(*arguments, "--model", "m", "--base-url", server.url)
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for text in (out, err, *(path.read_bytes().decode("latin-1") for path in files)):
        assert _shown(text) == []
    records = read_jsonl(tmp_path / "out.jsonl")
    assert len(records) == 2 * len(ECHOES)
    for record in records[::2]:
        assert all(REDACTED in item["value"] for item in record["meta"]["dropped"])
        assert record["meta"]["dropped"]
    failures = read_jsonl(tmp_path / "out.failures.jsonl")
    assert len(failures) == 4 * len(ECHOES)
    assert all(REDACTED in failure["message"] for failure in failures[::4])


@pytest.mark.parametrize("through", ["X-Auth-Token: Bearer ", "X-API-Key: ", "?api_key="])
def test_nor_does_a_secret_that_is_sent_elsewhere(
    through: str, tmp_path: Path, invoke: Invoke
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    with FaultServer(lambda _: refuse(400, f"You sent {KEY} to us")) as server:
        arguments: list[object] = ["run", dump, "--model", "m", "-o", tmp_path / "o.jsonl"]
        if through.startswith("?"):
            arguments += ["--base-url", f"{server.url}{through}{KEY}"]
        else:
            arguments += ["--base-url", server.url, "--extra-header", f"{through}{KEY}"]
        _, out, err = invoke(*arguments)
    failures = (tmp_path / "o.failures.jsonl").read_text()
    assert f"You sent {REDACTED} to us" in failures
    assert _shown(out + err + failures) == []


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_nor_does_the_error_that_ends_the_run_show_it(echo: str) -> None:
    with FaultServer(lambda _: refuse(401, f"Incorrect API key provided: {echo}. No")) as server:
        error = run(server.url, papers(1), key=KEY).error
    assert REDACTED in str(error)
    assert _shown("".join(traceback.format_exception(error))) == []


@pytest.mark.parametrize("escaped", [False, True])
def test_what_else_a_reply_says_stays_as_it_is(escaped: bool) -> None:
    redaction = Redaction(KEY)
    body = {"a": f"it's {KEY}, and * more...", "b": [1.5, None, "naïve – 3×"], "c": {KEY: 10**30}}
    text = json.dumps(body, ensure_ascii=escaped)
    if escaped:
        text = text.replace("sk-", "\\u0073k-")
    clean = json.loads(redaction.content(text.encode()))
    assert clean["a"] == f"it's {REDACTED}, and * more..."
    assert clean["b"] == body["b"]
    assert clean["c"] == {REDACTED: 10**30}
    for harmless in ('{"a": "A* and C**, project... \\u00e9 risk-prone"}', "not JSON * ...", ""):
        assert redaction.content(harmless.encode()) == harmless.encode()


@pytest.mark.parametrize("size", [1, 5, 9])
@pytest.mark.parametrize("in_arguments", [False, True])
def test_pieces_in_several_strings_are_one_secret(size: int, in_arguments: bool) -> None:
    pieces = [KEY[at : at + size] for at in range(0, len(KEY), size)]
    value = {"a": "before", "b": pieces, "c": [{"d": "after"}, 1]}
    body = {"arguments": json.dumps(value)} if in_arguments else value
    clean = json.loads(Redaction(KEY).content(json.dumps(body).encode()))
    clean = json.loads(clean["arguments"]) if in_arguments else clean
    assert (clean["a"], clean["c"]) == ("before", [{"d": "after"}, 1])
    assert len(clean["b"]) == len(pieces)
    assert set(clean["b"]) <= {REDACTED, "-"}


def test_a_text_made_of_what_is_looked_for_costs_no_more_than_its_length() -> None:
    part, text = KEY[:_SHOWN], f"{KEY[:_SHOWN]}** {KEY[-_SHOWN:]} ** %25 &amp; \\\\ "
    assert REDACTED not in Redaction(KEY).text("*" * 100_000)
    assert Redaction(KEY).text(text * 1_000).count(REDACTED) >= 1_000
    assert part not in Redaction(KEY).text(f"{part}*** " * 1_000)


@pytest.mark.parametrize("key", [KEY, "lm-studio", "test-key-1", "password1"])
def test_ordinary_words_are_no_secret(key: str) -> None:
    said = "The test... of A* (hidden) on x___y at 3% &amp; 50%20 with password, LM Studio"
    assert Redaction(key).text(said) == said


@pytest.mark.parametrize("key", ["", "k", "none", "EMPTY", "ollama"])
def test_a_word_that_stands_for_no_key_is_no_secret(key: str) -> None:
    said = f'{{"method_name": "{key or "x"} none ollama * k"}}'.encode()
    assert Redaction(key).content(said) == said


@pytest.mark.parametrize(
    "key", ["sk-\n1234567890", "sk-1234567890\n", "sk-é123456789", "sk-漢字", "sk-12345 67890"]
)
def test_a_key_that_cannot_be_sent_is_one_clear_line(
    key: str, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    with FaultServer() as server:
        code, _, said = invoke("run", dump, "--model", "m", "--base-url", server.url, "-q")
        assert server.asked == []
        assert isinstance(run(server.url, papers(1), key=key).error, AuthenticationFailed)
    assert code == 1
    [line] = said.splitlines()
    assert "The API key has a line break, a blank or a character outside ASCII" in line
    assert key not in said


@pytest.mark.parametrize(
    "url",
    [
        "htp://me:hunter2@host/v1",
        "me:hunter2@host/v1",
        "//me:hunter2@host/v1",
        "http://me:hunter2@host:port/v1",
        "http://me:hunter2@host:99999/v1",
        "http://me:hunter2@:80/v1",
        "http://[me:hunter2@::1/v1",
        "http://me:hunter2@ho st/v1",
        "http://me:hunter2@host/v1",
        "http://hunter2@host/v1",
        "http:/me:hunter2@host/v1",
        "http://host:hunter2/v1",
        "http://host:80\n/v1?key=hunter2",
    ],
)
@pytest.mark.parametrize("through", ["option", "environment"])
def test_a_password_in_an_address_is_not_printed(
    url: str, through: str, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    arguments: list[object] = ["run", dump, "--model", "m"]
    if through == "option":
        arguments += ["--base-url", url]
    else:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
    code, _, said = invoke(*arguments)
    assert code == 2
    [line] = said.splitlines()
    assert ("--base-url" if through == "option" else "OPENAI_BASE_URL") in line
    assert "hunter2" not in said
    with pytest.raises(UsageError) as error:
        provider_for(ModelSettings(model="m", base_url=url))
    assert "hunter2" not in repr(error.value)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:hunter2@[::1",
        "http://me:hunter2@host:port",
        "http://me:hunter2@host:99999",
        "http://me:hunter2@host:0",
        "http://me:hunter2@",
        "http://me:hunter2@ho st:80",
        "http://",
        "://hunter2",
        "me:hunter2@:80",
    ],
)
def test_a_broken_proxy_is_one_clear_line(
    proxy: str, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    with FaultServer() as server:
        code, _, said = invoke("run", dump, "--model", "m", "--base-url", server.url, "-q")
        assert server.asked == []
    assert code == 2
    [line] = said.splitlines()
    assert "proxy for 127.0.0.1 that is not an address" in line
    assert "hunter2" not in said
