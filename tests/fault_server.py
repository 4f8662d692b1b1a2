"""An OpenAI-compatible server on a real socket that fails on demand.

A *script* decides about each request: a function from `Asked` to `Reply`. The server runs in a
thread of its own, so that a test can use the command, the Python API or an event loop.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE_SECONDS = 60.0
_REASONS = {200: "OK", 429: "Too Many Requests", 529: "Overloaded"}


@dataclass(frozen=True)
class Asked:
    """One request: its ``number`` in order of arrival, from 1, and how often (``time``, from 1)
    the same body was sent by then; ``target`` is the path and query that it went to."""

    number: int
    time: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    target: str = ""

    @property
    def title(self) -> str:
        """The paper's title, as the prompts of this project show it."""
        said = [str(each["content"]) for each in self.body["messages"] if each["role"] == "user"]
        paper = next(text for text in said if "Title: " in text)
        return paper.split("Title: ", 1)[1].split("\n", 1)[0]


@dataclass(frozen=True)
class Reply:
    """What is sent back: ``after`` seconds, when ``until`` is set, ``drip`` seconds between bytes,
    the connection reset after ``cut`` bytes of the body, or never (``hang``).

    Never, and what waits for ``until``, is `PATIENCE_SECONDS` at most, so that a test whose event
    never comes fails instead of waiting for ever; `FaultServer.overdue` counts those replies.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    until: threading.Event | None = None
    drip: float = 0.0
    cut: int | None = None
    hang: bool = False


def answer(asked: Asked, fields: Mapping[str, Any] | str | None = None, **how: Any) -> Reply:
    """A good answer in the way that the request asks for, naming the title's first word."""
    if fields is None:
        fields = {"method_name": asked.title.split(":")[0].split()[0]}
    text = fields if isinstance(fields, str) else json.dumps(fields)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if asked.body.get("tools"):
        name = how.pop("tool", asked.body["tools"][0]["function"]["name"])
        call = {"id": "c", "type": "function", "function": {"name": name, "arguments": text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return completion(message, **how)


def completion(
    message: Mapping[str, Any] | None, *, finish_reason: str = "stop", **how: Any
) -> Reply:
    """A chat completion with one choice, or with none."""
    choices = [{"index": 0, "message": message, "finish_reason": finish_reason}]
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": choices if message else [],
        "usage": how.pop("usage", {"prompt_tokens": 100, "completion_tokens": 20}),
    }
    headers = {"Content-Type": "application/json", **how.pop("headers", {})}
    return Reply(json.dumps(body).encode(), headers=headers, **how)


def refuse(status: int, message: str = "no", code: str | None = None, **how: Any) -> Reply:
    """An error as OpenAI words it."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    headers = {"Content-Type": "application/json", **how.pop("headers", {})}
    return Reply(json.dumps(body).encode(), status, headers=headers, **how)


class FaultServer:
    """Serves ``script`` on a loopback port for the length of a ``with`` block.

    ``asked`` holds the requests in order of arrival; ``most_in_flight`` how many were ever
    waiting for their answers at once, ``in_flight`` how many are, ``overdue`` how many replies
    were sent because patience ran out.
    """

    def __init__(self, script: Callable[[Asked], Reply] = answer) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.most_in_flight = 0
        self.in_flight = 0
        self.overdue = 0
        self._bodies: dict[bytes, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *exception: object) -> None:
        self.hang_up()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def forget(self) -> None:
        """Count anew."""
        self.asked, self._bodies, self.most_in_flight = [], {}, 0

    def listen(self) -> None:
        """Start (again) at the same address."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def hang_up(self) -> None:
        """Close the address and break every connection, as a server that goes down does."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _hang_up(self) -> None:
        if self._server is not None:
            # asyncio drops a connection on the floor that is being accepted while it closes.
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            await asyncio.sleep(0.02)
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        tasks = list(self._serving)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                asked = await self._read(reader)
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    await self._send(writer, self.script(asked))
                finally:
                    self.in_flight -= 1
        self._writers.discard(writer)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.split("\r\n")
        lines = [line.split(": ", 1) for line in rest if line]
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self._bodies[body] = self._bodies.get(body, 0) + 1
        asked = Asked(
            len(self.asked) + 1, self._bodies[body], json.loads(body), headers, first.split()[1]
        )
        self.asked.append(asked)
        return asked

    async def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        await asyncio.sleep(reply.after)
        if reply.hang or reply.until is not None:
            await self._hold(reply.until or threading.Event())
        reason = _REASONS.get(reply.status, "Status")
        head = [f"HTTP/1.1 {reply.status} {reason}", f"Content-Length: {len(reply.body)}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        if reply.cut is not None:
            writer.write(reply.body[: reply.cut])
            await writer.drain()
            writer.transport.abort()
            raise ConnectionResetError
        if reply.drip:
            for byte in reply.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
        else:
            writer.write(reply.body)
        await writer.drain()

    async def _hold(self, until: threading.Event) -> None:
        end = self._loop.time() + PATIENCE_SECONDS
        while not until.is_set():
            if self._loop.time() > end:
                self.overdue += 1
                return
            await asyncio.sleep(0.01)
