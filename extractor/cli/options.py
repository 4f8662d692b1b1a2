"""The options that several commands share, each declared once, in groups."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from typer import Argument, Option

from extractor.cli.expand import OptionGroup
from extractor.llm.endpoint import Mode
from extractor.llm.settings import LEAST, ModelSettings, model_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from extractor.readers import Dump
    from extractor.run.resumable import Destination
    from extractor.run.selection import Selection
    from extractor.run.settings import CallSettings
    from extractor.schemas.paper import PaperFields
    from extractor.task import Task


def _not_by_hand(path: Path | None) -> Path | None:
    from extractor.decisions import check_not_by_hand

    check_not_by_hand(path)
    return path


Schema = Annotated[
    str,
    Option(
        metavar="NAME|FILE.py:MODEL|FIELDS",
        help="What to extract: a built-in schema, a pydantic model in a file, or fields in one "
        "line such as 'name, accuracy float'.",
    ),
]
Format = Annotated[
    str | None,
    Option(
        metavar="FORMAT",
        help="The format of OUT (docs/outputs.md). Default: what its ending says, else jsonl.",
    ),
]
View = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Write one flat table, a row for each item of a list: 'claims', or the name of any "
        "list of the schema, to csv, tsv or xlsx. Default: what the name of OUT says "
        "(claims.csv), else 'papers', which is everything.",
    ),
]
DebugLog = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        callback=_not_by_hand,
        help="Append a log of what is done to FILE. It has the ids of papers, never their texts.",
    ),
]
CacheDir = Annotated[
    Path | None,
    Option(
        metavar="DIR",
        help="Where answers are kept. Default: EXTRACTOR_CACHE_DIR, else the user's cache.",
    ),
]


class EngineKind(StrEnum):
    """Where a run works."""

    LOCAL = "local"
    RAY = "ray"


class ProgressKind(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


Progress = Annotated[
    ProgressKind,
    Option(
        help="How progress is shown: 'auto' draws a bar in a terminal, else writes a line every 30 "
        "seconds, as 'plain' does; 'json' writes JSON Lines for scripts (docs/configuration.md).",
    ),
]
Verbose = Annotated[
    bool,
    Option(
        "--verbose",
        "-v",
        help="Tell what is used and where it was set, and each request that is tried again.",
    ),
]
MinConfidence = Annotated[
    float | None,
    Option(
        min=0,
        max=1,
        metavar="P",
        help="Leave out values less likely to be right than this, from 0 to 1, and list them in "
        "meta.dropped. Values without a confidence are kept.",
    ),
]
DumpOfPage = Annotated[
    list[str] | None,
    Option(
        metavar="DUMP",
        help="The dump that was run over, as often as there were several; with it the page shows "
        "abstracts.",
    ),
]
NoReview = Annotated[
    bool, Option("--no-review", help="Leave out what was decided in 'extractor review'.")
]
Quiet = Annotated[bool, Option("--quiet", "-q", help="Write only errors to standard error.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object.")]


Dumps = Annotated[
    list[str],
    Argument(
        help="The dumps: files, folders, patterns, ZIP or tar archives, or - for standard input.",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class DumpOptions(OptionGroup):
    """How a dump is read."""

    heading: ClassVar = "Reading the dump"
    dump_format: Annotated[
        str | None,
        Option(
            metavar="FORMAT",
            help="The format of the dump, where its content does not tell (docs/formats.md).",
        ),
    ] = None
    title_column: Annotated[
        str | None, Option(metavar="NAME", help="The field with the title.")
    ] = None
    abstract_column: Annotated[
        str | None, Option(metavar="NAME", help="The field with the abstract.")
    ] = None
    id_column: Annotated[str | None, Option(metavar="NAME", help="The field with the id.")] = None

    unique: Annotated[
        bool,
        Option(
            "--unique",
            help="Leave out a paper whose DOI, or whose title and abstract, came before.",
        ),
    ] = False

    def open(self, places: Iterable[str], *, skip: Collection[Path] = ()) -> Dump:
        """Open the dumps; the files to ``skip`` are not read where they lie in a folder."""
        from extractor.readers import open_dumps

        columns = asdict(self)
        dump_format, unique = columns.pop("dump_format"), columns.pop("unique")
        return open_dumps(places, format=dump_format, options=columns, unique=unique, skip=skip)


@dataclass(frozen=True, kw_only=True)
class SelectionOptions(OptionGroup):
    """Which papers of a dump are taken."""

    heading: ClassVar = "Reading the dump"
    where: Annotated[
        list[str] | None,
        Option(
            metavar="CONDITION",
            help="Take only papers that meet a condition on a column of the dump, such as "
            "'year>=2024' or 'venue~ICML|NeurIPS' (docs/configuration.md). Repeat it for more: "
            "all must hold.",
        ),
    ] = None
    limit: Annotated[
        int | None, Option(min=0, help="Take only the first papers, of those that --where takes.")
    ] = None
    sample: Annotated[
        int | None,
        Option(
            min=0, help="Take so many papers at random: the same ones each time, in their order."
        ),
    ] = None
    seed: Annotated[int, Option(help="Draw another sample.")] = 0

    def of(self, dump: Dump) -> Selection:
        """The papers that are taken of a dump. Raises UsageError."""
        from extractor.run.selection import Selection

        return Selection(dump, where=self.where or (), sample=self.sample, seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class OutputOptions(OptionGroup):
    """Where results go, and what an earlier run left there."""

    out: Annotated[
        Path | None,
        Option("-o", "--out", metavar="OUT", help="Where records go. Default: standard output."),
    ] = None
    failures: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="Where failures go, as JSON Lines. Default: OUT with the ending "
            ".failures.jsonl; without OUT they are only counted.",
        ),
    ] = None
    format: Format = None
    view: View = None
    retry_failed: Annotated[
        bool,
        Option(
            "--retry-failed",
            help="Ask again for the papers in the failures file, and for no others.",
        ),
    ] = False
    append: Annotated[
        bool,
        Option(
            "--append",
            help="Keep the records that are in OUT, and add those of papers that have none there.",
        ),
    ] = False

    def destination(self, task: Task[Any]) -> Destination:
        """Raises UsageError."""
        from extractor.run.resumable import Destination

        return Destination.of(task, self.out, self.format, self.failures, view=self.view)


@dataclass(frozen=True, kw_only=True)
class EngineOptions(OptionGroup):
    """Where a run works: in this process, or on a cluster."""

    heading: ClassVar = "On a cluster"
    engine: Annotated[
        EngineKind,
        Option(
            help="'ray' runs on a Ray cluster, and writes parts into the folder OUT "
            "(docs/scale.md); 'local' in this process."
        ),
    ] = EngineKind.LOCAL
    ray_address: Annotated[
        str | None,
        Option(
            metavar="ADDRESS",
            help="The cluster: 'auto', or HOST:PORT. Default: RAY_ADDRESS, else one that is "
            "started on this machine.",
        ),
    ] = None
    workers: Annotated[
        int | None,
        Option(
            min=LEAST["workers"],
            help="Workers of the cluster. Default: one for each CPU but one, at a hosted model; "
            "else one for each node, with a model of its own.",
        ),
    ] = None
    part_papers: Annotated[
        int | None,
        Option(min=LEAST["part_papers"], help="Papers of a part. Default: 1,000."),
    ] = None

    @property
    def on_ray(self) -> bool:
        """Whether it works on Ray. Raises UsageError for its options without it."""
        from extractor.errors import UsageError

        if self.engine is EngineKind.RAY:
            return True
        given = (
            ("--ray-address", self.ray_address),
            ("--workers", self.workers),
            ("--part-papers", self.part_papers),
        )
        for option in (option for option, value in given if value is not None):
            raise UsageError(f"{option} is for a cluster.", hint="Add --engine ray.")
        return False


@dataclass(frozen=True, kw_only=True)
class TaskOptions(OptionGroup):
    """What is extracted."""

    schema: Schema = "paper"
    prompt: Annotated[
        Path | None, Option(metavar="FILE", help="A prompt template. Default: the schema's own.")
    ] = None

    @property
    def files(self) -> list[Path]:
        """The user's own files that the task is loaded from."""
        return [*schema_files(self.schema), *([self.prompt] if self.prompt else ())]

    def load(self) -> Task[PaperFields]:
        from extractor.task import load_task

        return load_task(self.schema, self.prompt)


@dataclass(frozen=True, kw_only=True)
class ModelOptions(OptionGroup):
    """Which model answers, and how it is asked."""

    heading: ClassVar = "Model"
    model: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="An embedded model ('extractor models list'), a model FILE.gguf, 'none' for the "
            "classifier and encoder alone, or a model of an OpenAI-compatible endpoint. Default: "
            "the embedded model.",
        ),
    ] = None
    base_url: Annotated[
        str | None,
        Option(
            metavar="URL",
            help="The endpoint of a hosted model. Default: OPENAI_BASE_URL, else OpenAI. The key "
            "comes from OPENAI_API_KEY.",
        ),
    ] = None
    api_version: Annotated[
        str | None,
        Option(metavar="VERSION", help="The api-version of an Azure OpenAI address."),
    ] = None
    key_header: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="The header that holds the key. Default: api-key at an Azure address, else "
            "Authorization, as a bearer token.",
        ),
    ] = None
    extra_header: Annotated[
        list[str] | None,
        Option(metavar="NAME: VALUE", help="One more header of every request; may be repeated."),
    ] = None
    answer_tokens: Annotated[
        int | None,
        Option(
            min=LEAST["answer_tokens"],
            help="Most tokens of an answer, those spent on thinking included. Default: 2,048; "
            "700 for an embedded model.",
            rich_help_panel="Asking",
        ),
    ] = None
    temperature: Annotated[
        float | None,
        Option(
            min=LEAST["temperature"],
            help="Default: 0; at OpenAI the model's own.",
            rich_help_panel="Asking",
        ),
    ] = None
    reasoning_effort: Annotated[
        str | None,
        Option(
            metavar="EFFORT",
            help="How much a reasoning model thinks, as its endpoint calls it: 'low', 'none'. "
            "Default: the model's own.",
            rich_help_panel="Asking",
        ),
    ] = None
    extra_body: Annotated[
        str | None,
        Option(
            metavar="JSON",
            help="More fields of every request, as one JSON object, such as '{\"seed\": 1}'.",
            rich_help_panel="Asking",
        ),
    ] = None
    mode: Annotated[
        Mode | None,
        Option(
            help="How the endpoint is made to follow the schema. Default: what suits it.",
            rich_help_panel="Asking",
        ),
    ] = None
    approach: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="How a paper is put to the model: 'full-schema' asks for everything at once, "
            "'candidates' only for what rules and a trained classifier leave open, "
            "'constrained' lets an encoder find phrases, and asks for the rest under a grammar. "
            "Default: what suits the model.",
            rich_help_panel="Asking",
        ),
    ] = None

    @property
    def files(self) -> list[Path]:
        """The user's own model file."""
        path = model_file(self.model)
        return [path] if path else []

    def settings(self, *, concurrency: int | None = None) -> ModelSettings:
        given = asdict(self)
        given["extra_body"] = _json_object(self.extra_body)
        given["extra_headers"] = dict(_header(each) for each in given.pop("extra_header") or ())
        return ModelSettings(**given, concurrency=concurrency)


def _json_object(text: str | None) -> dict[str, object]:
    """The value of --extra-body. Raises UsageError."""
    from extractor.errors import UsageError

    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError("--extra-body is not a JSON object.", hint="Quote it: '{\"seed\": 1}'.")
    return found


def _header(text: str) -> tuple[str, str]:
    """The name and value of an --extra-header. Raises UsageError, which never shows the value."""
    from extractor.errors import UsageError

    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError("An --extra-header has no colon.", hint="Give 'NAME: VALUE'.")
    return name.strip(), value.strip()


@dataclass(frozen=True, kw_only=True)
class BatchOptions(OptionGroup):
    """How requests are answered other than one by one."""

    heading: ClassVar = "Batches"
    batch: Annotated[
        bool,
        Option(
            "--batch",
            help="Ask by the provider's batches: cheaper, and answered within a day. The same "
            "command takes up those that are under way (docs/batches.md).",
        ),
    ] = False
    batch_files: Annotated[
        Path | None,
        Option(
            metavar="DIR",
            help="Send nothing: write the requests to files in DIR for 'vllm run-batch', and read "
            "their results there.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RateOptions(OptionGroup):
    """How much is asked at a time."""

    heading: ClassVar = "Asking"
    concurrency: Annotated[
        int | None,
        Option(
            min=LEAST["concurrency"],
            help="Most papers in flight. Default: adapts to the endpoint, up to 256; 1 for an "
            "embedded model, where it sets the number of slots.",
        ),
    ] = None
    rpm: Annotated[int | None, Option(min=1, help="Most requests per minute, if known.")] = None
    tpm: Annotated[int | None, Option(min=1, help="Most tokens per minute, if known.")] = None


@dataclass(frozen=True, kw_only=True)
class RetryOptions(OptionGroup):
    """How long one answer is tried for."""

    heading: ClassVar = "Asking"
    tries: Annotated[
        int, Option(min=LEAST["tries"], help="Most requests for one answer, the first included.")
    ] = 6
    timeout: Annotated[
        float,
        Option(
            min=LEAST["timeout"],
            help="Seconds for one request; for the embedded model, seconds without a token.",
        ),
    ] = 120.0
    patience: Annotated[
        float,
        Option(min=LEAST["patience"], help="Seconds to wait out a rate limit or an outage for."),
    ] = 900.0


@dataclass(frozen=True, kw_only=True)
class BudgetOptions(OptionGroup):
    """The most that a run may spend."""

    heading: ClassVar = "Spending"
    max_cost: Annotated[
        float | None,
        Option(
            min=0,
            metavar="DOLLARS",
            help="Stop before the run costs more, failed tries and earlier attempts included.",
        ),
    ] = None
    max_requests: Annotated[
        int | None, Option(min=0, help="Stop before more requests are sent.")
    ] = None
    max_tokens: Annotated[int | None, Option(min=0, help="Stop before more tokens are used.")] = (
        None
    )


def _price(tokens: str) -> Any:
    said = f"Price of a million {tokens} tokens. Default: from the price data."
    return Option(min=0, metavar="DOLLARS", help=said)


@dataclass(frozen=True, kw_only=True)
class PriceOptions(OptionGroup):
    """What tokens cost."""

    heading: ClassVar = "Spending"
    price_in: Annotated[float | None, _price("prompt")] = None
    price_out: Annotated[float | None, _price("answer")] = None


@dataclass(frozen=True, kw_only=True)
class CacheOptions(OptionGroup):
    """Where answers are kept."""

    heading: ClassVar = "Cache"
    cache_dir: CacheDir = None
    no_cache: Annotated[bool, Option("--no-cache", help="Neither read nor keep answers.")] = False


@dataclass(frozen=True, kw_only=True)
class CallOptions(OptionGroup):
    """How calls are made, paid for and kept. A command may take only some of the groups."""

    rates: RateOptions = field(default_factory=RateOptions)
    retries: RetryOptions = field(default_factory=RetryOptions)
    budget: BudgetOptions = field(default_factory=BudgetOptions)
    prices: PriceOptions = field(default_factory=PriceOptions)
    cache: CacheOptions = field(default_factory=CacheOptions)

    def settings(self, min_confidence: float | None = None) -> CallSettings:
        from extractor.llm.budget import Ceilings
        from extractor.llm.limits import Limits
        from extractor.llm.own_files import default_cache_dir
        from extractor.run.settings import CallSettings

        cache, budget, rates = self.cache, self.budget, self.rates
        return CallSettings(
            cache_dir=None if cache.no_cache else cache.cache_dir or default_cache_dir(),
            **asdict(self.retries),
            limits=Limits(requests_per_minute=rates.rpm, tokens_per_minute=rates.tpm),
            ceilings=Ceilings(
                requests=budget.max_requests, tokens=budget.max_tokens, cost=budget.max_cost
            ),
            **asdict(self.prices),
            min_confidence=min_confidence,
        )


def inputs(dump: Dump) -> list[Path]:
    """Return the files that a dump is read from."""
    from extractor.writers import STDIN

    return [STDIN if path == "-" else Path(path) for path in dump.paths]


def check_page(out: Path | None) -> None:
    """Raise UsageError where a page is to be written to standard output."""
    if out == Path("-"):
        from extractor.errors import UsageError

        raise UsageError("A page cannot be written to standard output.", hint="Name a file for it.")


def schema_files(schema: str) -> list[Path]:
    """The file of ``FILE.py:MODEL``."""
    file, colon, _ = schema.rpartition(":")
    return [Path(file)] if colon else []
