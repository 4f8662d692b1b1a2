"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractor.llm.endpoint import Mode as ModeName

if TYPE_CHECKING:
    from extractor.llm.settings import ModelSettings
    from extractor.run.settings import CallSettings

_READING = "Reading the dump"
_MODEL, _ASKING, _SPENDING, _KEEPING = "Model", "Asking", "Spending", "Cache"

DumpFormat = Annotated[
    str | None,
    typer.Option(
        "--dump-format",
        metavar="FORMAT",
        help="What the dump is, where its content does not tell (docs/formats.md).",
        rich_help_panel=_READING,
    ),
]
TitleColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The field with the title.", rich_help_panel=_READING),
]
AbstractColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The field with the abstract.", rich_help_panel=_READING),
]
IdColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The field with the id.", rich_help_panel=_READING),
]
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
        metavar="jsonl|json|csv|parquet|sqlite",
        help="The format of OUT. Default: what its ending says, else jsonl.",
    ),
]
Prompt = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A prompt template; by default the schema's own."),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who answers: an embedded model ('extractor models list') or a model of an "
        "OpenAI-compatible endpoint. Default: the embedded model.",
        rich_help_panel=_MODEL,
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The endpoint of a hosted model. Default: OPENAI_BASE_URL, else OpenAI. The key "
        "comes from OPENAI_API_KEY.",
        rich_help_panel=_MODEL,
    ),
]
Mode = Annotated[
    ModeName | None,
    typer.Option(
        help="How the endpoint is held to the schema. Default: what suits it.",
        rich_help_panel=_ASKING,
    ),
]
Approach = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How a paper is put to the model: 'full-schema' asks for everything at once, "
        "'candidates' only for what rules and a trained classifier leave open. "
        "Default: what suits the model.",
        rich_help_panel=_ASKING,
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Papers in flight at most. Default: as many as the endpoint takes, up to 256.",
        rich_help_panel=_ASKING,
    ),
]
Rpm = Annotated[
    int | None,
    typer.Option(
        "--rpm", min=1, help="Requests a minute at most, if known.", rich_help_panel=_ASKING
    ),
]
Tpm = Annotated[
    int | None,
    typer.Option(
        "--tpm", min=1, help="Tokens a minute at most, if known.", rich_help_panel=_ASKING
    ),
]
Tries = Annotated[
    int,
    typer.Option(
        min=1, help="Requests for one answer at most, the first included.", rich_help_panel=_ASKING
    ),
]
Timeout = Annotated[
    float,
    typer.Option(min=0.1, help="Seconds for one request.", rich_help_panel=_ASKING),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="DOLLARS",
        help="Stop before the run costs more, failed tries and earlier attempts included.",
        rich_help_panel=_SPENDING,
    ),
]
MaxRequests = Annotated[
    int | None,
    typer.Option(min=0, help="Stop before more requests are sent.", rich_help_panel=_SPENDING),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(min=0, help="Stop before more tokens are paid.", rich_help_panel=_SPENDING),
]
PriceIn = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="DOLLARS",
        help="Price of a million prompt tokens. Default: what the price data says.",
        rich_help_panel=_SPENDING,
    ),
]
PriceOut = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="DOLLARS",
        help="Price of a million answer tokens. Default: what the price data says.",
        rich_help_panel=_SPENDING,
    ),
]
DebugLog = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Append to FILE what is done: ids of papers, never their texts."
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
NoCache = Annotated[
    bool,
    typer.Option("--no-cache", help="Neither read nor keep answers.", rich_help_panel=_KEEPING),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing on standard error but errors.")
]


def model_settings(
    model: str | None,
    base_url: str | None,
    mode: ModeName | None,
    approach: str | None,
    concurrency: int | None,
    *,
    quiet: bool = False,
) -> ModelSettings:
    """The settings that the options describe."""
    from functools import partial

    from extractor.cli.progress import pull_display
    from extractor.llm.settings import ModelSettings

    return ModelSettings(
        model=model,
        base_url=base_url,
        mode=mode,
        approach=approach,
        concurrency=concurrency,
        pull_display=partial(pull_display, quiet=quiet),
    )


def call_settings(
    cache_dir: Path | None,
    no_cache: bool,
    tries: int,
    timeout: float,
    *,
    limits: tuple[int | None, int | None] = (None, None),
    ceilings: tuple[int | None, int | None, float | None] = (None, None, None),
    prices: tuple[float | None, float | None] = (None, None),
) -> CallSettings:
    """The settings that the options describe.

    ``limits`` are --rpm and --tpm, ``ceilings`` --max-requests, --max-tokens and --max-cost,
    ``prices`` --price-in and --price-out.
    """
    from extractor.llm.budget import Ceilings
    from extractor.llm.limits import Limits
    from extractor.run.settings import CallSettings
    from extractor.run.state import default_cache_dir

    return CallSettings(
        cache_dir=None if no_cache else cache_dir or default_cache_dir(),
        tries=tries,
        timeout=timeout,
        limits=Limits(*limits),
        ceilings=Ceilings(*ceilings),
        price_in=prices[0],
        price_out=prices[1],
    )


def dump_columns(title: str | None, abstract: str | None, id_: str | None) -> dict[str, str | None]:
    """What a reader is told about the dump's fields."""
    return {"title_column": title, "abstract_column": abstract, "id_column": id_}
