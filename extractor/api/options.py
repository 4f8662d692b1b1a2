"""The options of the Python API, and the settings that they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 -- whoever asks for the types of the options
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from extractor.api.checks import check_options, check_word
from extractor.llm.budget import Ceilings
from extractor.llm.endpoint import Mode
from extractor.llm.limits import Limits
from extractor.llm.own_files import default_cache_dir
from extractor.llm.providers import Provider  # noqa: TC001 -- as above
from extractor.llm.settings import ModelSettings, check_number
from extractor.run.settings import CallSettings

if TYPE_CHECKING:
    from extractor.api.progress import Progress


_AS_GIVEN = ConfigDict(strict=True, arbitrary_types_allowed=True)


@with_config(_AS_GIVEN)
class Options(TypedDict, total=False):
    """The options of an `Extractor`; each has a default (docs/python.md)."""

    prompt: str | Path | None
    model: str | Provider | None
    base_url: str | None
    api_key: str | None
    api_version: str | None
    key_header: str | None
    extra_headers: Mapping[str, str]
    extra_body: Mapping[str, object]
    answer_tokens: int | None
    temperature: float | None
    reasoning_effort: str | None
    mode: Mode | str | None
    approach: str | None
    concurrency: int | None
    rpm: int | None
    tpm: int | None
    tries: int
    timeout: float
    patience: float
    min_confidence: float | None
    max_cost: float | None
    max_requests: int | None
    max_tokens: int | None
    price_in: float | None
    price_out: float | None
    cache: bool
    cache_dir: str | Path | None
    progress: bool
    debug_log: str | Path | None


class Reading(TypedDict, total=False):
    """How papers are read: where their fields are, and the format of files (docs/formats.md)."""

    title_column: str | None
    abstract_column: str | None
    id_column: str | None
    dump_format: str | None
    unique: bool


class Choosing(Reading, total=False):
    """How papers are read, and which of them are taken (docs/configuration.md)."""

    where: str | Sequence[str] | None
    limit: int | None
    sample: int | None
    seed: int


@with_config(_AS_GIVEN)
class Running(Choosing, total=False):
    """What `Extractor.run` is told beside the papers."""

    out: str | Path | None
    failures: str | Path | None
    format: str | None
    view: str | None
    retry_failed: bool
    append: bool
    batch: bool
    batch_files: str | Path | None
    engine: str
    ray_address: str | None
    workers: int | None
    part_papers: int | None
    progress: bool | None


@with_config(_AS_GIVEN)
class Iterating(Choosing, total=False):
    """What `Extractor.extract_many` is told beside the papers."""

    progress: bool | None


_NUMBERS = ("rpm", "tpm", "max_cost", "max_requests", "max_tokens", "price_in", "price_out")


def check(options: Options) -> None:
    """Raise ArgumentError for what is wrong whatever the papers are, and UsageError."""
    check_options(options, Options)
    check_word("mode", options.get("mode"), Mode)
    if (approach := options.get("approach")) is not None:
        from extractor.approaches import approaches

        check_word("approach", approach, approaches())
    if base_url := options.get("base_url"):
        from extractor.llm.providers.hosted import read_address

        read_address(base_url, "--base-url")


def model_settings(options: Options, progress: Progress) -> ModelSettings:
    """How the model is reached and asked. Raises UsageError."""
    mode = options.get("mode")
    return ModelSettings(
        model=options.get("model"),
        base_url=options.get("base_url"),
        api_key=options.get("api_key"),
        mode=None if mode is None else Mode(mode),
        approach=options.get("approach"),
        concurrency=options.get("concurrency"),
        answer_tokens=options.get("answer_tokens"),
        temperature=options.get("temperature"),
        reasoning_effort=options.get("reasoning_effort"),
        extra_body=options.get("extra_body", {}),
        extra_headers=options.get("extra_headers", {}),
        api_version=options.get("api_version"),
        key_header=options.get("key_header"),
        pull_display=progress.pull,
        tell=progress.tell,
        wait_display=progress.waiting,
    )


def call_settings(options: Options) -> CallSettings:
    """How calls are made, paid for and kept. Raises UsageError."""
    for name in _NUMBERS:
        if (value := options.get(name)) is not None:
            check_number(name, value)
    return CallSettings(
        cache_dir=_cache_dir(options),
        tries=options.get("tries", CallSettings.tries),
        timeout=options.get("timeout", CallSettings.timeout),
        patience=options.get("patience", CallSettings.patience),
        limits=Limits(requests_per_minute=options.get("rpm"), tokens_per_minute=options.get("tpm")),
        ceilings=Ceilings(
            requests=options.get("max_requests"),
            tokens=options.get("max_tokens"),
            cost=options.get("max_cost"),
        ),
        price_in=options.get("price_in"),
        price_out=options.get("price_out"),
        min_confidence=options.get("min_confidence"),
    )


def _cache_dir(options: Options) -> Path | None:
    if not options.get("cache", True):
        return None
    chosen = options.get("cache_dir")
    return Path(chosen) if chosen is not None else default_cache_dir()
