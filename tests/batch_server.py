"""A server with files and batches on a real socket, after OpenAI's API reference.

What becomes of a batch is decided by `BatchServer.end`, when it has been looked at
``BatchServer.looks`` times; `BatchServer.fault` may answer any request in place of the server.
Requests one by one (``/chat/completions``) are answered as well.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from fault_server import Asked, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DROP = "drop"
"""What a `BatchServer.fault` returns so that a request is worked on and its reply is lost."""


@dataclass
class End:
    """How a batch ends: its state, and the lines of its files of output and of errors."""

    state: str = "completed"
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)


def result(request: Mapping[str, Any], **how: Any) -> str:
    """The line of a good answer."""
    body = json.loads(answer(Asked(1, 1, request["body"], {}), **how).body)
    return line(request["custom_id"], body)


def line(key: str | None, body: Any, status: int = 200, error: Any = None) -> str:
    """The line of a result; one without ``key`` has no custom_id."""
    response = {"status_code": status, "request_id": "r", "body": body}
    named = {} if key is None else {"custom_id": key}
    return json.dumps({"id": "b", **named, "response": response, "error": error})


def refused(request: Mapping[str, Any], status: int, message: str = "no") -> str:
    """The line of a request that was refused."""
    return line(request["custom_id"], {"error": {"message": message}}, status)


def untried(request: Mapping[str, Any], code: str = "batch_expired") -> str:
    """The line of a request that was not worked on in time."""
    return json.dumps(
        {
            "id": "b",
            "custom_id": request["custom_id"],
            "response": None,
            "error": {"code": code, "message": "This request was not executed."},
        }
    )


def all_answered(requests: list[dict[str, Any]]) -> End:
    """Every request has a good answer; they come in another order."""
    return End(output=[result(each) for each in reversed(requests)])


class BatchServer:
    """Serves on a loopback port for the length of a ``with`` block.

    ``uploads`` holds the requests of each file, ``submitted`` how often each custom_id was in a
    batch, ``asked`` the bodies of requests one by one, and ``cancelled`` the ids of batches.
    """

    def __init__(self, end: Callable[[list[dict[str, Any]]], End] = all_answered) -> None:
        self.end = end
        self.looks = 1
        self.fault: Callable[[str, str], web.Response | str | None] = lambda *_: None
        self.uploads: dict[str, list[dict[str, Any]]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.submitted: Counter[str] = Counter()
        self.asked: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self._files: dict[str, bytes] = {}
        self._seen: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _begin(self) -> None:
        app = web.Application(client_max_size=2**28, middlewares=[self._faulty])
        app.add_routes(
            [
                web.post("/v1/files", self._upload),
                web.get("/v1/files/{id}/content", self._content),
                web.post("/v1/batches", self._create),
                web.get("/v1/batches", self._list),
                web.get("/v1/batches/{id}", self._retrieve),
                web.post("/v1/batches/{id}/cancel", self._cancel),
                web.post("/v1/chat/completions", self._chat),
            ]
        )
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        fault = self.fault(request.method, request.path)
        if isinstance(fault, web.Response):
            return fault
        reply: web.StreamResponse = await handler(request)
        if fault == DROP and request.transport is not None:
            request.transport.abort()
        return reply

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        content: Any = form["file"]
        lines = [json.loads(each) for each in content.file.read().splitlines()]
        name = f"file-{len(self.uploads)}"
        self.uploads[name] = lines
        told = {"id": name, "object": "file", "bytes": 1, "created_at": 1, "purpose": "batch"}
        return web.json_response({**told, "filename": content.filename, "status": "processed"})

    async def _create(self, request: web.Request) -> web.Response:
        given = await request.json()
        assert given["completion_window"] == "24h"
        requests = self.uploads[given["input_file_id"]]
        self.submitted.update(each["custom_id"] for each in requests)
        name = f"batch_{len(self.batches)}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": given["endpoint"],
            "input_file_id": given["input_file_id"],
            "completion_window": "24h",
            "created_at": 1,
            "status": "in_progress",
            "metadata": given.get("metadata"),
            "request_counts": {"total": len(requests), "completed": 0, "failed": 0},
        }
        return web.json_response(self.batches[name])

    async def _list(self, request: web.Request) -> web.Response:
        newest_first = list(reversed(self.batches.values()))
        after = request.query.get("after")
        if after:
            ids = [each["id"] for each in newest_first]
            newest_first = newest_first[ids.index(after) + 1 :]
        page = newest_first[:1]  # the smallest pages there may be
        return web.json_response(
            {"object": "list", "data": page, "has_more": len(newest_first) > 1}
        )

    async def _retrieve(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        batch = self.batches[name]
        self._seen[name] += 1
        if batch["status"] == "in_progress" and self._seen[name] >= self.looks:
            self._end(batch, self.end(self.uploads[batch["input_file_id"]]))
        return web.json_response(batch)

    def _end(self, batch: dict[str, Any], end: End) -> None:
        batch["status"] = end.state
        for field_name, lines in (("output_file_id", end.output), ("error_file_id", end.errors)):
            if lines:
                name = f"{field_name}-{batch['id']}"
                self._files[name] = "".join(f"{each}\n" for each in lines).encode()
                batch[field_name] = name
        if end.failures:
            batch["errors"] = {"object": "list", "data": end.failures}

    async def _cancel(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        self.cancelled.append(name)
        batch = self.batches[name]
        end = self.end(self.uploads[batch["input_file_id"]])
        half = end.output[: len(end.output) // 2]
        self._end(batch, End("cancelled", half))
        return web.json_response(batch)

    async def _content(self, request: web.Request) -> web.Response:
        return web.Response(body=self._files[request.match_info["id"]])

    async def _chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        return web.Response(
            body=answer(Asked(1, 1, body, {})).body, content_type="application/json"
        )
