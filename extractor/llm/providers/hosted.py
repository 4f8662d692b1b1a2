"""Any OpenAI-compatible endpoint, and what is known of how each likes to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from extractor.errors import AuthenticationFailed, UsageError
from extractor.llm.endpoint import Approach, Endpoint, Mode

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from extractor.llm.settings import ModelSettings

OPENAI_URL = "https://api.openai.com/v1"
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104


@dataclass(frozen=True)
class Habits:
    """How a family of endpoints is asked by default."""

    mode: Mode
    temperature: float | None = 0.0
    limit_field: str = "max_tokens"
    needs_key: bool = True


# OpenAI's reasoning models take no temperature and count their limit in another field;
# tools need no strict schema there, so that a user's own schema works as it is.
_OPENAI = Habits(Mode.TOOLS, temperature=None, limit_field="max_completion_tokens")
# Servers on one's own machine (llama.cpp, vLLM, Ollama, LM Studio) enforce a JSON schema
# while decoding, and rarely want a key.
_LOCAL = Habits(Mode.JSON_SCHEMA, needs_key=False)
_OTHERS = Habits(Mode.TOOLS)


def describe(settings: ModelSettings) -> Endpoint:
    """The endpoint that the settings name. Raises when a key is needed and there is none."""
    url = (settings.endpoint_url or OPENAI_URL).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _has_good_port(parts):
        raise UsageError(f"--base-url {url!r} is no http address.", hint="Give http://HOST/v1.")
    if parts.username or parts.password:
        raise UsageError("--base-url holds a user name or password.", hint="Use OPENAI_API_KEY.")
    habits = _habits(parts.hostname)
    if habits.needs_key and not settings.key:
        raise AuthenticationFailed(f"{parts.hostname} wants a key, and there is none.")
    return Endpoint(
        model=settings.name,
        identity=f"{settings.name}@{url}",
        base_url=url,
        address=parts.netloc,
        api_key=settings.key or "",
        mode=settings.mode or habits.mode,
        approach=settings.approach or Approach.FULL_SCHEMA,
        temperature=habits.temperature,
        limit_field=habits.limit_field,
        concurrency=settings.concurrency or Endpoint.concurrency,
    )


def _habits(host: str) -> Habits:
    if host == "openai.com" or host.endswith(".openai.com"):
        return _OPENAI
    return _LOCAL if host in _LOCAL_HOSTS else _OTHERS


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False
