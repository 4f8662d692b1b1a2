"""A loopback server that fails on demand, in a thread of its own.

A *script* decides about each request which of the `FAULTS` it meets, if any. Everything that was
sent is counted by paper, so that a benchmark can compare it with what a run wrote.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    Script = Callable[[int, int], str | None]

_PAPER = re.compile(rb"Title: Paper (\d+):")
_DRIP_SECONDS = 0.25
REFUSED = "connection refused"


@dataclass(frozen=True)
class Fault:
    """What is sent instead of the answer, made of the answer's body, and what follows it."""

    reply: Callable[[bytes], bytes]
    then: Literal["stay", "close", "reset", "drip"] = "stay"


def _message(status: int, body: bytes, *headers: bytes) -> bytes:
    head = [b"HTTP/1.1 %d Status" % status, b"Content-Type: application/json"]
    head += [b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _refusal(status: int, *headers: bytes) -> Fault:
    body = json.dumps({"error": {"message": "not now", "type": "error", "code": None}}).encode()
    return Fault(lambda _: _message(status, body, *headers))


def _damaged(body: bytes) -> bytes:
    return body.replace(b'"finish_reason"', b'"\xff\xfe": 1, "finish_reason"')


FAULTS = {
    "429": _refusal(429),
    "429 with Retry-After": _refusal(429, b"Retry-After: 1"),
    "500": _refusal(500),
    "502": Fault(lambda _: _message(502, b"<html><h1>502 Bad Gateway</h1></html>")),
    "503": _refusal(503),
    "reset in the body": Fault(lambda body: _message(200, body)[: -len(body) // 2], "reset"),
    "reset at once": Fault(lambda _: b"", "reset"),
    "garbage": Fault(lambda _: _message(200, bytes(range(256)))),
    "bad UTF-8": Fault(lambda body: _message(200, _damaged(body))),
    "empty body": Fault(lambda _: _message(200, b"")),
    "no content length": Fault(
        lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body[: len(body) // 2], "close"
    ),
    "half an answer": Fault(lambda body: _message(200, body[: len(body) // 2])),
    "slow bytes": Fault(lambda body: _message(200, body), "drip"),
}


@dataclass(frozen=True)
class Outage:
    """After so many answers every request meets the fault, for so many seconds."""

    fault: str
    after: int
    seconds: float


def no_fault(paper: int, time: int) -> str | None:
    """The script of a faultless server."""


class ChaosServer:
    """Serves on a loopback port for the length of a ``with`` block; each reply takes ``seconds``.

    ``script`` is given a paper's number and how often it was asked about by then (from 1).
    ``asked``, ``failed`` and ``answered`` count requests, faults and whole answers by paper.
    """

    def __init__(self, script: Script, seconds: float, outage: Outage | None = None) -> None:
        self.script = script
        self.seconds = seconds
        self.asked: Counter[int] = Counter()
        self.failed: Counter[int] = Counter()
        self.answered: Counter[int] = Counter()
        self.answered_at: list[float] = []
        self.began: float | None = None
        self.connections: set[_Connection] = set()
        self._outage = outage
        self._outage_ends: float | None = None
        self._going_down: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def paid_again(self) -> int:
        """Whole answers beyond the first one about a paper."""
        return self.answered.total() - len(self.answered)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fault(self, paper: int) -> str | None:
        """The fault that the request about a paper meets now."""
        now = time.monotonic()
        self.began = self.began or now
        self.asked[paper] += 1
        if self._outage is not None and self._in_outage(self._outage, now):
            return self._outage.fault
        return self.script(paper, self.asked[paper])

    def _in_outage(self, outage: Outage, now: float) -> bool:
        if self._outage_ends is None and len(self.answered_at) >= outage.after:
            self._outage_ends = now + outage.seconds
            if outage.fault == REFUSED:
                self._going_down = self._loop.create_task(self._go_down(outage.seconds))
        return self._outage_ends is not None and now < self._outage_ends

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Connection(self, self._loop), "127.0.0.1", self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.reset()
        await asyncio.sleep(0)

    async def _end(self) -> None:
        if self._going_down is not None:
            self._going_down.cancel()
        await self._hang_up()

    async def _go_down(self, seconds: float) -> None:
        await self._hang_up()
        await asyncio.sleep(seconds)
        await self._listen()


class _Connection(asyncio.Protocol):
    def __init__(self, server: ChaosServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            body = self._received[end + 4 : end + 4 + length]
            if len(body) < length:
                return
            self._received = self._received[end + 4 + length :]
            found = _PAPER.search(body)
            assert found is not None, body[-300:]
            paper = int(found[1])
            self._loop.call_later(
                self._server.seconds, self._reply, paper, self._server.fault(paper)
            )

    def reset(self) -> None:
        """Break the connection with a reset, not an orderly end."""
        at_once = struct.pack("ii", 1, 0)
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, at_once
        )
        self._transport.abort()

    def _reply(self, paper: int, fault: str | None) -> None:
        if self._transport.is_closing():
            return
        body = _answer(paper)
        if fault is None:
            self._transport.write(_message(200, body))
            self._server.answered[paper] += 1
            self._server.answered_at.append(time.monotonic())
            return
        self._server.failed[paper] += 1
        if fault == REFUSED:
            return  # the connection breaks with all the others
        what = FAULTS[fault]
        if what.then == "drip":
            self._drip(what.reply(body))
            return
        self._transport.write(what.reply(body))
        if what.then == "reset":
            self.reset()
        elif what.then == "close":
            self._transport.close()

    def _drip(self, reply: bytes) -> None:
        if reply and not self._transport.is_closing():
            self._transport.write(reply[:1])
            self._loop.call_later(_DRIP_SECONDS, self._drip, reply[1:])


def _answer(paper: int) -> bytes:
    """A good answer, which names the paper, so that an answer given to another one is seen."""
    fields: dict[str, object] = {
        "method_name": f"Paper {paper}",
        "claimed_speedups": [],
        "benchmarks": [],
        "hardware": [],
        "code_url": None,
    }
    message = {"role": "assistant", "content": json.dumps(fields)}
    completion = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940},
    }
    return json.dumps(completion).encode()
