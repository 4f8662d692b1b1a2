"""A run on a cluster, seen from where it was started: the driver holds counts, never papers."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import secrets
import sys
import threading
import time
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from operator import sub
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
import ray.data

from extractor.errors import ClusterError, UsageError
from extractor.llm.budget import Budget, Spent
from extractor.llm.lease import Ledger
from extractor.llm.limits import Limits
from extractor.llm.providers import provider_for
from extractor.llm.settings import check_number, model_file
from extractor.llm.store import AnswerStore, runs
from extractor.option_names import on_command_line
from extractor.run.batch import Summary
from extractor.run.extent import Total
from extractor.run.ray.coordinator import Coordinator
from extractor.run.ray.epochs import take_over
from extractor.run.ray.folder import Mark, add, as_earlier, open_folder
from extractor.run.ray.reader import END, FAILED, PartSource, Reading
from extractor.run.ray.worker import Done, Job, Worker
from extractor.run.session import needed_prices
from extractor.run.stop import Stop
from extractor.writers import choose_writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.settings import ModelSettings
    from extractor.run.batch import Watcher
    from extractor.run.ray.folder import PartFolder, RunFolder
    from extractor.run.ray.reader import OpenPapers
    from extractor.run.settings import CallSettings
    from extractor.task import Task
    from extractor.writers import Writer

_FORMATS = ("jsonl", "parquet")
_OBJECT_STORE = 2**29
_TICK_SECONDS, _STATUS_SECONDS = 0.2, 0.5
_PARTS_WAITING = 2


@dataclass(frozen=True)
class Cluster:
    """Where a run in parts works: the ``address`` of a Ray cluster, by default RAY_ADDRESS, else
    one that is started on this machine; with how many ``workers``, by default one for each CPU but
    one, or for a model that a worker runs itself one for each node; ``part_papers`` are the papers
    of a part."""

    address: str | None = None
    workers: int | None = None
    part_papers: int = 1000

    def __post_init__(self) -> None:
        if self.workers is not None:
            check_number("workers", self.workers)
        check_number("part_papers", self.part_papers)
        if (self.address or "").startswith("ray://"):
            raise UsageError(
                f"{self.address} is the address of a Ray client.",
                hint="Run the command on a node of the cluster, with --ray-address auto.",
            )


@dataclass
class ClusterRun:
    """What a run in parts came to; ``budget`` has what this attempt and earlier ones spent."""

    summary: Summary
    endpoint: Endpoint
    budget: Budget
    parts: int = 0
    notes: list[str] = field(default_factory=list)


async def run_in_parts(
    papers: OpenPapers,
    identity: object,
    out: Path,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    *,
    cluster: Cluster | None = None,
    limit: int | None = None,
    format: str | None = None,  # noqa: A002 -- the option's name
    watcher: Watcher,
    stop: Stop | None = None,
) -> ClusterRun:
    """Extract papers on a Ray cluster into the folder ``out``.

    ``papers`` opens them where they are read; ``identity`` tells them from others. The same call
    continues a run that was stopped, however it was. Signals, ``stop`` and errors are those of
    `run_batch`.
    """
    cluster, writer = cluster or Cluster(), _writer(format)
    endpoint = provider_for(model).endpoint
    what = {
        "dump": identity,
        "number of papers": limit,
        "schema or prompt": task.fingerprint,
        "model": (endpoint.identity, endpoint.sampling(), model.mode, model.approach),
        "confidence": calls.min_confidence,
        "format": writer.name,
        "size of parts": cluster.part_papers,
    }
    with open_folder(out, what, writer.suffixes[0]) as folder, _connected(cluster.address):
        driver = _Driver(folder, cluster, endpoint, calls, watcher)
        job = Job(
            out=folder.out,
            ending=writer.suffixes[0],
            format=writer.name,
            run=folder.run,
            attempt=driver.attempt,
            task=_portable(task),
            model=_of_worker(model, endpoint),
            calls=replace(calls, limits=_share(calls.limits, driver.workers)),
            as_command=on_command_line(),
        )
        reading = Reading(
            papers=papers,
            folder=os.getcwd(),  # noqa: PTH109 -- what a later chdir begins with
            limit=limit,
            size=cluster.part_papers,
            done=driver.digests,
            as_command=on_command_line(),
        )
        signals = Stop().on_interrupt() if stop is None else nullcontext(stop)
        with signals as stop:
            stop.begin(driver, watcher)
            await driver.work(reading, job, stop)
    return driver.end()


class _Driver:
    """One attempt at a run."""

    def __init__(
        self,
        folder: RunFolder,
        cluster: Cluster,
        endpoint: Endpoint,
        calls: CallSettings,
        watcher: Watcher,
    ) -> None:
        self.attempt = secrets.token_hex(8)
        self.workers = cluster.workers or _workers(endpoint)
        if calls.limits.requests_per_minute:
            self.workers = min(self.workers, calls.limits.requests_per_minute)
        self._folder = folder
        self._endpoint = endpoint
        self._watcher = watcher
        self._summary = Summary()
        self._started = time.monotonic()
        self._notes: dict[str, None] = {}
        self._parts: int | None = None
        self._extent: Total | None = None
        self._under_way: dict[int, Summary] = {}
        self._stopping = False
        self.digests: dict[int, str] = {}
        self._spent: dict[int, Spent] = {}
        for part in folder.begun():
            self._take_stock(part, part.mark())
        self._before = sum(self._spent.values(), Spent())
        prices = needed_prices(endpoint, calls)
        ledger = Ledger(calls.ceilings, prices, self._spent, self.workers)
        self._here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        coordinator = ray.remote(Coordinator).options(num_cpus=0, label_selector=self._here)
        self._coordinator: Any = coordinator.remote(ledger)

    def _take_stock(self, part: PartFolder, mark: Mark | None) -> None:
        """What an earlier attempt left of a part: what it spent, and whether it is complete."""
        run = self._folder.run
        if mark is None:
            self._spent[part.number] = _stored(part, run)
            return
        self._spent[part.number] = mark.spent if mark.run == run else Spent()
        if not mark.has_retryable:
            self.digests[part.number] = mark.digest
            add(self._summary, as_earlier(mark.summary))

    def stop(self) -> None:
        """Have no more parts begun, and those under way end when what is in flight is stored."""
        if not self._stopping:
            self._stopping = True
            self._coordinator.stop.remote()

    async def work(self, reading: Reading, job: Job, stop: Stop) -> None:
        """Do every part. Raises ClusterError, and what kept the papers from being read."""
        rows = _Rows(self._dataset(reading, job))
        telling = asyncio.ensure_future(self._tell())
        try:
            while (done := await rows.next()) is not None:
                self._count(done)
        except asyncio.CancelledError:
            if not stop.forced:
                raise
        finally:
            telling.cancel()
        self._summary.interrupted = stop.requested
        if self._parts is not None:
            self._extent = Total(self._summary.papers, exact=True)
        self._watcher.so_far(self._summary, self._extent)
        if self._summary.stopped is not None and not self._summary.papers:
            raise self._summary.stopped

    def _dataset(self, reading: Reading, job: Job) -> Any:
        source = PartSource(reading, self._coordinator)
        context = ray.data.DataContext.get_current().copy()
        context.target_max_block_size = 1  # a block is a part: none waits to be put with others
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        with ray.data.DataContext.current(context):
            parts = ray.data.read_datasource(
                source,
                override_num_blocks=1,
                num_cpus=0,
                label_selector=self._here,
            )
            # Ray spreads workers over the nodes. Without CPUs of their own, those of a node that
            # died find a place on the others.
            return parts.map_batches(
                Worker,
                fn_constructor_args=(job, self._coordinator),
                batch_size=1,
                batch_format="numpy",
                num_cpus=0,
                compute=ray.data.ActorPoolStrategy(
                    size=self.workers, max_tasks_in_flight_per_actor=_PARTS_WAITING
                ),
            )

    def _count(self, done: Done) -> None:
        self._notes |= dict.fromkeys(done.notes)
        if done.number == END:
            self._parts = done.parts
            return
        self._under_way.pop(done.number, None)
        add(self._summary, done.summary)
        if done.number != FAILED and done.spent != Spent():
            self._spent[done.number] = done.spent
        if done.summary.stopped is not None:
            self._summary.stopped = self._summary.stopped or done.summary.stopped
            self.stop()

    async def _tell(self) -> None:
        """Show how far the run is."""
        asked = 0.0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if time.monotonic() - asked >= _STATUS_SECONDS:
                asked = time.monotonic()
                self._extent, under_way, told = await self._coordinator.status.remote()
                self._under_way |= under_way
                for text in told:
                    self._watcher.tell(text)
                self._watcher.so_far(self._so_far(), self._extent)
            self._watcher.tick()

    def _so_far(self) -> Summary:
        found = Summary()
        for each in (self._summary, *self._under_way.values()):
            add(found, each)
        return found

    def end(self) -> ClusterRun:
        """What it came to, and the mark of a run of which every part is complete."""
        summary = self._summary
        summary.seconds = time.monotonic() - self._started
        budget = Budget(earlier=self._before)
        total = sum(self._spent.values(), Spent())
        budget.spent = Spent(*map(sub, total, self._before))
        if summary.complete:
            counts = {"records": summary.records, "failures": summary.failures}
            self._folder.succeed({"parts": self._parts, **counts})
        return ClusterRun(summary, self._endpoint, budget, self._parts or 0, list(self._notes))


class _Rows:
    """What comes back from the workers, taken from Ray in a thread: it blocks."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Done | Exception | None] = asyncio.Queue()
        threading.Thread(target=self._take, name="extractor-parts", daemon=True).start()

    async def next(self) -> Done | None:
        """The next one, or None. Raises ClusterError."""
        found = await self._queue.get()
        if isinstance(found, Exception):
            raise ClusterError.of(found) from found
        return found

    def _take(self) -> None:
        end: Exception | None = None
        try:
            for row in self._dataset.iter_rows():
                self._put(pickle.loads(row["done"]))  # noqa: S301 -- of our own workers
        except Exception as error:  # noqa: BLE001 -- it is raised when the next one is awaited
            end = error
        self._put(end)

    def _put(self, found: Done | Exception | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, found)


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Be connected to a cluster; one that the caller is connected to stays so."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if not (address or os.environ.get("RAY_ADDRESS")):
        address = "local"  # else Ray connects to whatever cluster runs on this machine
        options |= {"include_dashboard": False, "object_store_memory": _OBJECT_STORE}
    try:
        ray.init(address=address, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"No Ray cluster can be reached at {address or 'RAY_ADDRESS'}: {error}",
            hint="Start a cluster there, or leave out --ray-address.",
        ) from error
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.ERROR)  # the run is shown as any other
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of Ray, which does not know the parts
            yield
    finally:
        ray.shutdown()


def _stored(part: PartFolder, run: int) -> Spent:
    """What a part that is not complete has spent; its last worker stores nothing more."""
    store = AnswerStore(take_over(part.stores).path)
    try:
        return runs.take_up(store, runs.run_key(run)).spent
    finally:
        store.close()


def _workers(endpoint: Endpoint) -> int:
    nodes = sum(bool(node["Alive"]) for node in ray.nodes())
    cpus = int(ray.cluster_resources().get("CPU", 1))
    return max(1, cpus - 1) if endpoint.base_url else nodes


def _share(limits: Limits, workers: int) -> Limits:
    """What each worker may send a minute."""
    rates = (limits.requests_per_minute, limits.tokens_per_minute)
    return Limits(*(None if each is None else max(1, each // workers) for each in rates))


def _of_worker(model: ModelSettings, endpoint: Endpoint) -> ModelSettings:
    """The settings as other processes and nodes take them: with the key and the address that this
    process finds in its environment, and nothing that shows something here."""
    file = model_file(model.model)
    there = replace(model, pull_display=None, wait_display=None, tell=print)
    if file is not None:
        return replace(there, model=str(file.resolve()))
    if not endpoint.base_url:
        return there
    return replace(
        there,
        base_url=model.base_url or os.environ.get("OPENAI_BASE_URL") or None,
        api_key=model.api_key or os.environ.get("OPENAI_API_KEY") or None,
    )


def _portable(task: Task[Any]) -> Task[Any]:
    """A task whose schema goes to other nodes with it, where it is the user's own file."""
    module = sys.modules.get(task.schema.__module__)
    if module is not None and module.__name__.startswith("extractor_user_schema_"):
        ray.cloudpickle.register_pickle_by_value(module)
    return task


def _writer(name: str | None) -> Writer:
    writer = choose_writer(name, Path("part"))
    if writer.name not in _FORMATS:
        raise UsageError(
            f"Parts are not written as {writer.name}.",
            hint=f"Give --format {' or '.join(_FORMATS)}, and convert them afterwards.",
        )
    return writer


def refuse(given: Mapping[str, object]) -> None:
    """Raise UsageError for an option, by its name, that a run in parts does not have."""
    for option in (option for option, value in given.items() if value):
        raise UsageError(
            f"{option} is not for --engine ray, which keeps answers and failures beside the parts.",
            hint="Leave it out.",
        )


def output_folder(out: Path | None, inputs: Iterable[str]) -> Path:
    """The folder of the parts. Raises UsageError where none is named, or it would be read."""
    if out is None:
        raise UsageError("--engine ray needs a folder for the parts.", hint="Name it with -o.")
    for path in inputs:
        if path == "-":
            raise UsageError(
                "Standard input cannot be read by a cluster.", hint="Write it to a file first."
            )
        if out.resolve().is_relative_to(Path(path).resolve()):
            raise UsageError(
                f"{out} is in {path}, which is read.", hint="Name another folder with -o."
            )
    return out
