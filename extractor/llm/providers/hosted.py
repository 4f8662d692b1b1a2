"""Any OpenAI-compatible endpoint, and the defaults for each family of them."""

from __future__ import annotations

import os
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from extractor.errors import AuthenticationFailed, UsageError
from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.providers.base import Provider
from extractor.llm.providers.none import NAME as NO_MODEL
from extractor.llm.weights.catalog import CATALOG
from extractor.suggest import closest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from urllib.parse import SplitResult

    from extractor.llm.batches import BatchApi
    from extractor.llm.settings import ModelSettings
    from extractor.llm.transport import Transport

OPENAI_URL = "https://api.openai.com/v1"
_CHAT = "/chat/completions"
_AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
_AZURE_KEY = "api-key"
_MOST_TOLD = 8192  # tokens; at some 300 bytes each, a third of the longest reply that is read
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104


@dataclass(frozen=True)
class _Family:
    """The defaults for a family of endpoints."""

    mode: Mode
    temperature: float | None = 0.0
    limit_field: str = "max_tokens"
    needs_key: bool = True
    token_logprobs: re.Pattern[str] | None = None
    """The names of the models that tell token probabilities, unless they call tools."""


# OpenAI's reasoning models accept no temperature and take their token limit in another field;
# tools do not require a strict schema, so a user's own schema works unchanged.
_OPENAI = _Family(
    Mode.TOOLS,
    temperature=None,
    limit_field="max_completion_tokens",
    token_logprobs=re.compile(r"(?:ft:)?(?:chatgpt|gpt-(?:3\.5|4))", re.IGNORECASE),
)
# Local servers (llama.cpp, vLLM, Ollama, LM Studio) enforce a JSON schema while decoding, and
# rarely need a key.
_LOCAL = _Family(Mode.JSON_SCHEMA, needs_key=False, token_logprobs=re.compile(""))
_OTHERS = _Family(Mode.TOOLS)


class Hosted(Provider):
    """The model ``settings.model`` at ``base_url`` (or OPENAI_BASE_URL, else OpenAI), with
    ``api_key`` (or OPENAI_API_KEY)."""

    fallback = True

    def __init__(self, settings: ModelSettings) -> None:
        given = settings.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        named = "--base-url" if settings.base_url else "OPENAI_BASE_URL"
        url, query, parts = read_address(given, named)
        host = parts.hostname or ""
        azure = host.endswith(_AZURE)
        if azure and not parts.path:
            path = f"deployments/{settings.model}" if settings.api_version else "v1"
            url = f"{url}/openai/{path}"
        self._query = dict(parse_qsl(query))
        if settings.api_version:
            self._query["api-version"] = settings.api_version
        self._headers = settings.extra_headers
        self._key_header = settings.key_header or (_AZURE_KEY if azure else None)
        self._key = settings.api_key or os.environ.get("OPENAI_API_KEY") or ""
        self._host = host
        self._family = family = _family(host)
        mode = settings.mode or family.mode
        temperature = settings.temperature
        if temperature is None:
            temperature = family.temperature
        self.endpoint = Endpoint(
            model=str(settings.model),
            identity=f"{settings.model}@{url}",
            base_url=url,
            address=parts.netloc,
            mode=mode,
            temperature=temperature,
            max_tokens=settings.answer_tokens or Endpoint.max_tokens,
            token_logprobs=self._tells_probabilities(settings, mode),
            extra=settings.body_fields,
            limit_field=family.limit_field,
            concurrency=settings.concurrency or Endpoint.concurrency,
            reads_schema=not (family is _LOCAL and mode is Mode.JSON_SCHEMA),
        )

    def _tells_probabilities(self, settings: ModelSettings, mode: Mode) -> bool:
        """Whether it probably tells token probabilities, in replies of a bearable size."""
        names, most = self._family.token_logprobs, settings.answer_tokens or Endpoint.max_tokens
        return (
            names is not None
            and names.match(str(settings.model)) is not None
            and mode is not Mode.TOOLS
            and most <= _MOST_TOLD
            and "logprobs" not in settings.body_fields
        )

    @classmethod
    def create(cls, settings: ModelSettings) -> Hosted | None:
        hosted = cls(settings)
        meant = _embedded_name(str(settings.model))
        if meant and not settings.base_url and hosted._family is _OPENAI:
            raise UsageError(
                f"There is no embedded model {settings.model!r}. Did you mean {meant!r}?",
                hint="A hosted model of that name needs --base-url.",
            )
        return hosted

    def _check_key(self) -> None:
        if self._family.needs_key and not self._key:
            raise AuthenticationFailed(f"{self._host} needs an API key, and none is set.")
        if not all("!" <= char <= "~" for char in self._key):
            raise AuthenticationFailed(
                "The API key has a line break, a blank or a character outside ASCII, "
                "and cannot be sent.",
                hint="Set OPENAI_API_KEY to the key alone.",
            )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Transport]:
        self._check_key()
        from extractor.llm.http_transport import open_http

        async with open_http(
            self.endpoint.base_url,
            self._key,
            key_header=self._key_header,
            headers=self._headers,
            query=self._query,
        ) as transport:
            yield transport

    @asynccontextmanager
    async def open_batches(self) -> AsyncIterator[BatchApi]:
        self._check_key()
        from extractor.llm.batches import open_batch_api
        from extractor.llm.http_transport import key_headers, secrets
        from extractor.llm.redaction import Redaction

        async with open_batch_api(
            self.endpoint,
            self.fault,
            self._key,
            headers={**key_headers(self._key, self._key_header), **self._headers},
            query=self._query,
            redaction=Redaction(self._key, *secrets({**self._headers, **self._query})),
        ) as api:
            yield api


def _embedded_name(name: str) -> str | None:
    """The embedded model (or "none") that a name probably means; no name of OpenAI's is like it."""
    given = name.casefold()
    family = (known for known in CATALOG if given.startswith(_letters(known)))
    return closest(given, [*CATALOG, NO_MODEL]) or next(family, None)


def _letters(name: str) -> str:
    """The letters with which a name begins: "qwen" of "qwen2.5-coder-1.5b"."""
    return name[: next(i for i, char in enumerate(name) if not char.isalpha())]


def read_address(given: str, named: str) -> tuple[str, str, SplitResult]:
    """The URL of an endpoint, its query, and the parts of the URL.

    Raises UsageError, with ``named`` as the name of what was given, where it is none.
    """
    url, _, query = given.partition("?")
    url = url.rstrip("/").removesuffix(_CHAT)
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        # Other signs may belong to a password.
        shown = f" {given!r}" if re.fullmatch(r"(?:\w+://)?[\w./-]+", given) else ""
        raise UsageError(f"{named}{shown} is not an HTTP URL.", hint="Give http://HOST/v1.")
    if parts.username or parts.password:
        raise UsageError(f"{named} contains a user name or password.", hint="Use OPENAI_API_KEY.")
    return url, query, parts


def _family(host: str) -> _Family:
    if host == "openai.com" or host.endswith(".openai.com"):
        return _OPENAI
    return _LOCAL if host in _LOCAL_HOSTS else _OTHERS


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, None where it is none."""
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 or re.search(r"[\s\x00-\x1f]", url) else parts
    except ValueError:
        return None
