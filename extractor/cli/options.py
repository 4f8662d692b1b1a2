"""The options that several commands share, each declared once, in groups.

A group is a frozen dataclass. A command takes whole groups as parameters; `expanded` shows typer
their fields as options of the command, and passes the groups to the command.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from extractor.llm.endpoint import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from extractor.llm.settings import ModelSettings
    from extractor.readers import Dump
    from extractor.run.settings import CallSettings
    from extractor.schemas.paper import PaperFields
    from extractor.task import Task

_READING, _MODEL, _ASKING = "Reading the dump", "Model", "Asking"
_SPENDING, _KEEPING = "Spending", "Cache"

Schema = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE.py:MODEL|FIELDS",
        help="What to extract: a built-in schema, a pydantic model in a file, or fields in one "
        "line such as 'name, accuracy float'.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        help="The format of OUT (docs/outputs.md). Default: what its ending says, else jsonl.",
    ),
]
DebugLog = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Append a log of what is done to FILE. It has the ids of papers, never their texts.",
    ),
]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where answers are kept. Default: EXTRACTOR_CACHE_DIR, else the user's cache.",
        rich_help_panel=_KEEPING,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Write nothing but errors to standard error.")
]


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """Options, and groups of options, that belong together."""


@dataclass(frozen=True, kw_only=True)
class DumpOptions(OptionGroup):
    """How a dump is read."""

    dump_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="The format of the dump, where its content does not tell (docs/formats.md).",
            rich_help_panel=_READING,
        ),
    ] = None
    title_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The field with the title.", rich_help_panel=_READING),
    ] = None
    abstract_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The field with the abstract.", rich_help_panel=_READING),
    ] = None
    id_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The field with the id.", rich_help_panel=_READING),
    ] = None

    def open(self, path: str) -> Dump:
        from extractor.readers import open_dump

        columns = {
            "title_column": self.title_column,
            "abstract_column": self.abstract_column,
            "id_column": self.id_column,
        }
        return open_dump(path, format=self.dump_format, options=columns)


@dataclass(frozen=True, kw_only=True)
class TaskOptions(OptionGroup):
    """What is extracted."""

    schema: Schema = "paper"
    prompt: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A prompt template. Default: the schema's own."),
    ] = None

    def load(self) -> Task[PaperFields]:
        from extractor.task import load_task

        return load_task(self.schema, self.prompt)


@dataclass(frozen=True, kw_only=True)
class ModelOptions(OptionGroup):
    """Which model answers, and how it is asked."""

    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="An embedded model ('extractor models list') or a model of an OpenAI-compatible "
            "endpoint. Default: the embedded model.",
            rich_help_panel=_MODEL,
        ),
    ] = None
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The endpoint of a hosted model. Default: OPENAI_BASE_URL, else OpenAI. The key "
            "comes from OPENAI_API_KEY.",
            rich_help_panel=_MODEL,
        ),
    ] = None
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="How the endpoint is made to follow the schema. Default: what suits it.",
            rich_help_panel=_ASKING,
        ),
    ] = None
    approach: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How a paper is put to the model: 'full-schema' asks for everything at once, "
            "'candidates' only for what rules and a trained classifier leave open. "
            "Default: what suits the model.",
            rich_help_panel=_ASKING,
        ),
    ] = None

    def settings(self, *, concurrency: int | None = None) -> ModelSettings:
        from extractor.llm.settings import ModelSettings

        return ModelSettings(
            model=self.model,
            base_url=self.base_url,
            mode=self.mode,
            approach=self.approach,
            concurrency=concurrency,
        )


@dataclass(frozen=True, kw_only=True)
class RateOptions(OptionGroup):
    """How much is asked at a time."""

    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The most papers in flight. Default: adapts to the endpoint, up to 256.",
            rich_help_panel=_ASKING,
        ),
    ] = None
    rpm: Annotated[
        int | None,
        typer.Option(
            min=1, help="The most requests per minute, if known.", rich_help_panel=_ASKING
        ),
    ] = None
    tpm: Annotated[
        int | None,
        typer.Option(min=1, help="The most tokens per minute, if known.", rich_help_panel=_ASKING),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RetryOptions(OptionGroup):
    """How long one answer is tried for."""

    tries: Annotated[
        int,
        typer.Option(
            min=1,
            help="The most requests for one answer, the first included.",
            rich_help_panel=_ASKING,
        ),
    ] = 6
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds for one request.", rich_help_panel=_ASKING),
    ] = 120.0


@dataclass(frozen=True, kw_only=True)
class BudgetOptions(OptionGroup):
    """The most that a run may spend."""

    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="DOLLARS",
            help="Stop before the run costs more, failed tries and earlier attempts included.",
            rich_help_panel=_SPENDING,
        ),
    ] = None
    max_requests: Annotated[
        int | None,
        typer.Option(min=0, help="Stop before more requests are sent.", rich_help_panel=_SPENDING),
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(min=0, help="Stop before more tokens are used.", rich_help_panel=_SPENDING),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PriceOptions(OptionGroup):
    """What tokens cost."""

    price_in: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="DOLLARS",
            help="Price of a million prompt tokens. Default: from the price data.",
            rich_help_panel=_SPENDING,
        ),
    ] = None
    price_out: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="DOLLARS",
            help="Price of a million answer tokens. Default: from the price data.",
            rich_help_panel=_SPENDING,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CacheOptions(OptionGroup):
    """Where answers are kept."""

    cache_dir: CacheDir = None
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Neither read nor keep answers.", rich_help_panel=_KEEPING),
    ] = False


@dataclass(frozen=True, kw_only=True)
class CallOptions(OptionGroup):
    """How calls are made, paid for and kept; a command without some of the options omits them."""

    rates: RateOptions = field(default_factory=RateOptions)
    retries: RetryOptions = field(default_factory=RetryOptions)
    budget: BudgetOptions = field(default_factory=BudgetOptions)
    prices: PriceOptions = field(default_factory=PriceOptions)
    cache: CacheOptions = field(default_factory=CacheOptions)

    def settings(self) -> CallSettings:
        from extractor.llm.budget import Ceilings
        from extractor.llm.limits import Limits
        from extractor.run.settings import CallSettings
        from extractor.run.state import default_cache_dir

        cache, budget, rates = self.cache, self.budget, self.rates
        return CallSettings(
            cache_dir=None if cache.no_cache else cache.cache_dir or default_cache_dir(),
            tries=self.retries.tries,
            timeout=self.retries.timeout,
            limits=Limits(requests_per_minute=rates.rpm, tokens_per_minute=rates.tpm),
            ceilings=Ceilings(
                requests=budget.max_requests, tokens=budget.max_tokens, cost=budget.max_cost
            ),
            price_in=self.prices.price_in,
            price_out=self.prices.price_out,
        )


def beside(path: Path, ending: str) -> Path:
    """The path of a file that goes with another one: ``records.jsonl.gz``, ``records.html``."""
    return path.with_name(Path(path.name.removesuffix(".gz")).stem + ending)


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """Show typer the fields of a command's option groups as parameters of the command."""
    hints = get_type_hints(command, include_extras=True)
    groups = _groups(hints)

    @wraps(command)
    def call(**given: Any) -> None:
        built = {name: _build(group, given) for name, group in groups.items()}
        command(**built, **given)

    parameters: list[inspect.Parameter] = []
    for each in inspect.signature(command).parameters.values():
        if each.name in groups:
            parameters += _flatten(groups[each.name])
        else:
            parameters.append(each.replace(annotation=hints[each.name]))
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _groups(hints: Mapping[str, Any]) -> dict[str, type[OptionGroup]]:
    return {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, OptionGroup)
    }


def _flatten(group: type[OptionGroup]) -> Iterator[inspect.Parameter]:
    """The options of a group and of the groups in it, in order."""
    hints = get_type_hints(group, include_extras=True)
    inner = _groups(hints)
    for each in fields(group):
        if each.name in inner:
            yield from _flatten(inner[each.name])
        else:
            yield inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=each.default,
                annotation=hints[each.name],
            )


def _build(group: type[OptionGroup], given: dict[str, Any]) -> OptionGroup:
    """Take the values of a group's options out of ``given``."""
    inner = _groups(get_type_hints(group))
    return group(
        **{
            each.name: _build(inner[each.name], given)
            if each.name in inner
            else given.pop(each.name)
            for each in fields(group)
        }
    )
