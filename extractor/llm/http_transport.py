"""HTTP: openai's client prepares one request, every call sends its own body with aiohttp.

What openai does to a request (address, authentication, organisation, user agent) is the same
for every paper of a run, and takes four times as long as sending. So it is done once, into a
transport that sends nothing; aiohttp sends the calls.
"""

from __future__ import annotations

import re
import urllib.request
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from extractor.errors import UsageError
from extractor.llm.redaction import Redaction
from extractor.llm.transport import NoReply, Reply

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    import httpx2
    import openai

LONGEST_REPLY = 2**23
"""The largest reply in bytes; a larger one is not an answer and is never held in memory."""

_KEEP_ALIVE_SECONDS = 30.0
_CHUNK = 2**16
_NOTHING: Mapping[str, str] = MappingProxyType({})
_SECRET_NAME = re.compile(r"key|token|secret|auth|password|cookie|credential|sig\Z|code\Z", re.I)
_LOGIN = "Proxy-Authorization"
_PATH = "/chat/completions"
# Headers of one message or one connection, which are set for each request.
_NOT_PREPARED = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


@asynccontextmanager
async def open_http(
    base_url: str,
    key: str,
    *,
    key_header: str | None = None,
    headers: Mapping[str, str] = _NOTHING,
    query: Mapping[str, str] = _NOTHING,
) -> AsyncIterator[HttpTransport]:
    """Connections to an OpenAI-compatible API.

    The key is a bearer token, or the value of ``key_header``. ``headers`` and ``query`` are part of
    every request. The environment's proxy is used.
    """
    own = key_headers(key, key_header)
    prepared = await _prepare(base_url, key, {**own, **headers}, query)
    url = URL(str(prepared.url), encoded=True)
    through = _proxy(url)
    address, asked = str(url.with_query(None)).removesuffix(_PATH), url.raw_query_string
    sent = [
        (name, value)
        for name, value in prepared.headers.multi_items()
        if name.lower() not in _NOT_PREPARED
    ]
    async with _session(sent, _trusted() if url.scheme == "https" else None) as session:
        redaction = Redaction(key, *secrets({**headers, **query}))
        yield HttpTransport(
            session, address, through, redaction, query=f"?{asked}" if asked else ""
        )


@asynccontextmanager
async def open_own(base_url: str, key: str) -> AsyncIterator[HttpTransport]:
    """Connections to a server in this process, without a proxy; openai's client is not loaded."""
    headers = [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")]
    async with _session(headers, None) as session:
        yield HttpTransport(session, base_url, {}, Redaction(key))


class HttpTransport:
    """The open connections of an API at ``address``; no reply has the key in it.

    ``query`` follows the path of each request.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: str,
        proxy: dict[str, Any],
        redaction: Redaction,
        *,
        query: str = "",
    ) -> None:
        self.session = session
        self.address = address
        self._proxy = proxy
        self._redaction = redaction
        self._query = query
        self._urls: dict[str, URL] = {}

    async def send(self, path: str, content: bytes) -> Reply:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(self.address + path + self._query, encoded=True)
        sending = self.session.post(url, data=content, allow_redirects=False, **self._proxy)
        try:
            async with sending as response:
                body = await _bounded(response)
                clean = self._redaction.content(body) if body else body
                return Reply(response.status, response.headers, clean)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            reached = not isinstance(error, aiohttp.ClientConnectorError)
            reason = self._redaction.text(str(error)) or type(error).__name__
            # The error itself may quote the server.
            raise NoReply(reason, sent=reached) from None


def key_headers(key: str, key_header: str | None) -> dict[str, str | openai.Omit]:
    """The headers that openai's client needs beside its own where the key has another one."""
    if not key_header:
        return {}
    from openai import Omit

    return {"Authorization": Omit(), key_header: key}


def secrets(fields: Mapping[str, str]) -> list[str]:
    """What headers and query fields hold whose names say that it is secret."""
    values = (value for name, value in fields.items() if _SECRET_NAME.search(name))
    return [value.rpartition(" ")[2] for value in values]  # "Bearer ..."


async def _prepare(
    base_url: str,
    key: str,
    headers: Mapping[str, str | openai.Omit],
    query: Mapping[str, str],
) -> httpx2.Request:
    """The request that openai's client sends to the API, without sending it."""
    import httpx2
    import openai

    kept: list[httpx2.Request] = []

    def keep(request: httpx2.Request) -> httpx2.Response:
        kept.append(request)
        return httpx2.Response(200, json={})

    client = openai.AsyncOpenAI(
        api_key=key or "none",
        base_url=base_url,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(keep)),
    )
    async with client:
        await client.post(
            _PATH,
            cast_to=httpx2.Response,
            content=b"{}",
            options={
                "headers": {"Content-Type": "application/json", **headers},
                "params": query,
            },
        )
    return kept[0]


def _trusted() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()


def _session(
    headers: list[tuple[str, str]], trusted: ssl.SSLContext | None
) -> aiohttp.ClientSession:
    """Connections on which every request has these headers."""
    connector = aiohttp.TCPConnector(
        limit=0,  # AdaptiveConcurrency limits the requests in flight
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        ssl=trusted or True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
    )


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """The reply's bytes, decompressed, or None for more than `LONGEST_REPLY`."""
    if "Content-Encoding" not in response.headers:
        length = response.content_length
        if length is not None and length <= LONGEST_REPLY:
            return await response.read()
    return await _gathered(response)


async def _gathered(response: aiohttp.ClientResponse) -> bytes | None:
    """The same for a reply without a Content-Length."""
    chunks, length = [], 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        chunks.append(chunk)
        length += len(chunk)
        if length > LONGEST_REPLY:
            response.close()
            return None
    return b"".join(chunks)


def _proxy(url: URL) -> dict[str, Any]:
    """The proxy that the environment names for an address, in aiohttp's form."""
    found = urllib.request.getproxies().get(url.scheme)
    if not found or urllib.request.proxy_bypass(url.host or ""):
        return {}
    try:
        proxy = URL(found if "://" in found else f"http://{found}")
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("", "http", "https"):
        raise UsageError(
            f"The environment names a {proxy.scheme} proxy for {url.host}, and only http proxies "
            "are supported.",
            hint=f"Unset {url.scheme}_proxy, or name {url.host} in no_proxy.",
        )
    if not proxy.port or not re.fullmatch(r"\S+", proxy.host or ""):
        raise UsageError(  # without the address, which may have a password in it
            f"The environment names a proxy for {url.host} that is not an address.",
            hint=f"Set {url.scheme}_proxy to http://HOST:PORT, or unset it.",
        )
    if proxy.user is None:
        return {"proxy": proxy}
    login = aiohttp.encode_basic_auth(proxy.user, proxy.password or "")
    return {
        "proxy": proxy.with_user(None),
        "proxy_headers": {"Authorization" if url.scheme == "http" else _LOGIN: login},
    }
