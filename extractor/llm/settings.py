"""Which model to use and how: the same settings for the command and the Python API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from extractor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from extractor.llm.endpoint import Mode
    from extractor.llm.providers.base import Provider
    from extractor.llm.weights.catalog import Weights

PullDisplay: TypeAlias = "Callable[[Weights], AbstractContextManager[Callable[[int], None]]]"
"""Shows the progress of a download; its callback takes the bytes so far."""

LEAST = {
    "answer_tokens": 1,
    "temperature": 0,
    "concurrency": 1,
    "tries": 1,
    "timeout": 0.1,
    "patience": 0,
    "rpm": 1,
    "tpm": 1,
    "max_cost": 0,
    "max_requests": 0,
    "max_tokens": 0,
    "price_in": 0,
    "price_out": 0,
    "limit": 0,
    "sample": 0,
    "workers": 1,
    "part_papers": 1,
}
"""The least values of options."""
_WHOLE = {
    "answer_tokens",
    "concurrency",
    "tries",
    "rpm",
    "tpm",
    "max_requests",
    "max_tokens",
    "limit",
    "sample",
    "workers",
    "part_papers",
}
_MODEL_FILE = ".gguf"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_FIELDS = {
    "model": "--model",
    "messages": "--prompt",
    "max_tokens": "--answer-tokens",
    "max_completion_tokens": "--answer-tokens",
}
"""Fields of a request body that are set by an option of their own."""
_OWN_HEADERS = {
    *("connection", "host", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"),
    *("content-encoding", "content-length", "content-type", "expect", "transfer-encoding"),
}
"""Headers that say how a message is sent."""
WaitDisplay: TypeAlias = "Callable[[str, float], None]"
"""Called every second or so with what is waited for, and for how many seconds it has been."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """``model`` is a name or a :class:`Provider`; None is the embedded default.

    Each provider decides which names it serves (:mod:`extractor.llm.providers`). Where ``mode``,
    ``approach``, ``concurrency``, ``answer_tokens``, ``temperature`` or ``reasoning_effort`` is
    None, the endpoint's default holds.

    - ``answer_tokens``: the most tokens of an answer, thinking included.
    - ``extra_body``: more fields of every request body. They are part of the store's keys.
    - ``extra_headers``: more headers of every request. ``key_header``: the header that holds the
      key, instead of ``Authorization: Bearer``. ``api_version``: Azure OpenAI's ``api-version``.
    - ``pull_display`` shows the download of weights, ``wait_display`` what else is waited for.
    - ``tell`` is called with a line for the user when requests are changed to what the endpoint
      accepts, and when all papers wait for it.
    """

    model: str | Provider | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    mode: Mode | None = None
    approach: str | None = None
    concurrency: int | None = None
    answer_tokens: int | None = None
    temperature: float | None = None
    reasoning_effort: str | None = None
    extra_body: Mapping[str, object] = field(default_factory=dict)
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_version: str | None = None
    key_header: str | None = None
    pull_display: PullDisplay | None = field(default=None, repr=False, compare=False)
    tell: Callable[[str], None] = field(default=lambda _: None, repr=False, compare=False)
    wait_display: WaitDisplay | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_numbers(self, ("answer_tokens", "temperature", "concurrency"))
        if self.base_url and not self.model:
            raise UsageError(
                "--base-url needs the name of a model at that endpoint.", hint="Add --model."
            )
        self._check_body()
        self._check_headers()

    def _check_body(self) -> None:
        if not isinstance(self.extra_body, Mapping):
            raise UsageError("--extra-body is no JSON object.", hint="Give names and values.")
        for name in _OWN_FIELDS.keys() & self.extra_body.keys():
            raise UsageError(
                f"--extra-body sets {name!r}.", hint=f"Use {_OWN_FIELDS[name]} for it."
            )
        try:
            json.dumps({**self.extra_body, "temperature": self.temperature}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(
                f"--extra-body or --temperature cannot be JSON: {error}.",
                hint="Give values that JSON has.",
            ) from error

    def _check_headers(self) -> None:
        if not isinstance(self.extra_headers, Mapping):
            raise UsageError("The extra headers are no mapping.", hint="Give names and values.")
        own = {} if self.key_header is None else {self.key_header: ""}
        for name, value in {**own, **self.extra_headers}.items():
            texts = isinstance(name, str) and isinstance(value, str)
            if not (
                texts and _HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()
            ):
                raise UsageError(
                    f"{name!r} cannot be a header, or its value cannot.",
                    hint="Give a name and one line of ASCII.",
                )
            if name.casefold() in _OWN_HEADERS:
                raise UsageError(
                    f"The header {name} is set for each request.", hint="Give another header."
                )

    @property
    def body_fields(self) -> dict[str, object]:
        """The fields that these settings add to every request body."""
        effort = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        return {**effort, **self.extra_body}

    def refuse_address(self, model: str) -> None:
        """Raise UsageError if they say how to reach a model that is not reached over a network."""
        given = {
            "--base-url": self.base_url,
            "--extra-header": self.extra_headers,
            "--api-version": self.api_version,
            "--key-header": self.key_header,
        }
        for option in (option for option, value in given.items() if value):
            raise UsageError(
                f"{model} needs no {option}: it runs in this process.",
                hint="Leave it out, or name the model as the endpoint calls it.",
            )


def model_file(model: object) -> Path | None:
    """The model file that a name means, whether it is there or not; None if it means another."""
    is_file = isinstance(model, str) and model.casefold().endswith(_MODEL_FILE)
    return Path(str(model)).expanduser() if is_file else None


def check_numbers(settings: object, names: Iterable[str]) -> None:
    """Raise UsageError for a number that is too low, or none; None is right where it is the
    default."""
    for name in names:
        value = getattr(settings, name)
        if value is not None or getattr(type(settings), name) is not None:
            check_number(name, value)


def check_number(name: str, value: object) -> None:
    """Raise UsageError where the value of an option is too low, or no number."""
    whole, least = name in _WHOLE, LEAST[name]
    fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= least
    if not fits or (whole and not isinstance(value, int)):
        raise UsageError(
            f"--{name.replace('_', '-')} is {value!r}.",
            hint=f"Give {number_form(name)}.",
        )


def number_form(name: str) -> str:
    """What to give for the option ``name``; empty where it is no number."""
    whole = "whole " * (name in _WHOLE)
    return f"a {whole}number of at least {LEAST[name]:g}" if name in LEAST else ""
