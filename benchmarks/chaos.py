"""What a run makes of a server, a disk and a process that fail: the tables of docs/reliability.md.

    python benchmarks/chaos.py [--quick] [--only PART] [--write]

Each attempt is the command ``extractor run`` itself against a loopback server that fails on
demand. A paper is *held* if the outputs have it exactly once, as the same bytes as in a faultless
run or as a failure that its faults explain, and if no whole answer about it was sent twice. The
tables are printed; ``--write`` puts them into the page. What did not hold is explained on
standard error, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from chaos_server import FAULTS, REFUSED, ChaosServer, Outage, no_fault
from throughput import write_papers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chaos_server import Script

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
_BEGIN, _END = "<!-- chaos: begin -->\n", "<!-- chaos: end -->\n"

SHARE = 0.3
TWELVE = tuple(name for name in FAULTS if name != "slow bytes")
OUTAGES = ("429", "500", "502", "503", "reset at once", "reset in the body", REFUSED)
TRIES = 6
IN_FLIGHT = 8
# What an answer takes: where moments matter, and where speeds are compared.
SOON_SECONDS, LATE_SECONDS = 0.04, 0.2
# A run that has not ended by then is killed, and holds nothing.
MOST_SECONDS, MOST_SECONDS_OF_LONG = 150.0, 600.0
_SLOW = ("--timeout", "2")
_FEW = ("--concurrency", str(IN_FLIGHT))
_NAMES = ("records.jsonl", "records.failures.jsonl")
_CANNOT_MOUNT = 99
# Arguments: the size of the disk, where it is mounted, where to keep what it held, the command.
_ON_A_FULL_DISK = """
size=$1 disk=$2 kept=$3; shift 3
mount -t tmpfs -o size=$size tmpfs "$disk" || exit 99
"$@"; echo $? > "$kept/first"
cp "$disk/records.jsonl" "$kept/first.jsonl" 2> /dev/null
mount -o remount,size=1g "$disk" || exit 99
"$@"; code=$?
cp "$disk"/records* "$kept"
exit $code
"""


@dataclass(frozen=True)
class Sizes:
    """How much is tried: papers of a run, runs with one bad paper, seconds of an outage, kills,
    full disks, and the papers of the long run."""

    papers: int
    bad: int
    outage: float
    kills: int
    disks: int
    long: int


FULL = Sizes(papers=300, bad=3, outage=20.0, kills=60, disks=20, long=3000)
QUICK = Sizes(papers=100, bad=1, outage=20.0, kills=20, disks=6, long=3000)


@dataclass(frozen=True)
class Calm:
    """A faultless run: each paper's line, and how fast nine of ten, and all, were answered."""

    lines: Sequence[bytes]
    rate: float
    whole_rate: float


@dataclass
class Tried:
    """What attempts under one fault came to: counts, the speed beside the faultless run's, and why
    some did not hold."""

    attempts: int = 0
    held: int = 0
    requests: int = 0
    faults: int = 0
    speeds: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def speed(self) -> str:
        return f"{100 * sum(self.speeds) / len(self.speeds):.0f} %" if self.speeds else "none"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or None if it had to be killed, and what it said."""

    code: int | None
    said: str


Lines: TypeAlias = "Iterator[tuple[Tried | None, str]]"
"""The lines of a part of the page; a row comes with what it tells of."""


def main() -> None:
    options = argparse.ArgumentParser(prog="python benchmarks/chaos.py")
    options.add_argument("--quick", action="store_true", help="smaller runs, in half the time")
    options.add_argument("--only", choices=PARTS, help="print one part")
    options.add_argument("--write", action="store_true", help="write docs/reliability.md")
    chosen = options.parse_args()
    if chosen.write and chosen.only:
        options.error("--write needs all the parts")
    sizes = QUICK if chosen.quick else FULL
    lines: list[str] = []
    all_held = True
    for name, part in PARTS.items():
        if chosen.only not in (None, name):
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        for tried, line in part(sizes):
            lines.append(line)
            for reason in tried.reasons if tried else ():
                print(f"  {line}\n    {reason}", file=sys.stderr, flush=True)
            all_held &= tried is None or tried.held == tried.attempts
        lines.append("")
    lines.append(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}; load {os.getloadavg()[0]:.1f} when it ended."
    )
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        PAGE.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")
    sys.exit(not all_held)


def _long(sizes: Sizes) -> Lines:
    """Many papers, faults of twelve kinds."""
    yield None, f"### {sizes.long:,} papers, 30 % of the requests fail in twelve ways"
    yield None, ""
    head = ("an answer takes", "attempts", "held", "failures", "requests per paper")
    yield from _head(*head, "papers/s", "faultless", "of the faultless speed")
    for seconds in (SOON_SECONDS, LATE_SECONDS, 1.0):
        tried = Tried()
        calm = _calm(sizes.long, seconds)
        with ChaosServer(_at_random(TWELVE), seconds) as server, _scratch() as folder:
            may_fail = partial(_ran_out, server)
            _attempt(tried, server, folder, calm, may_fail=may_fail, most=MOST_SECONDS_OF_LONG)
            rate, failures = _rate(server, 1.0), _failures(folder)
        yield (
            tried,
            _row(
                f"{1000 * seconds:.0f} ms",
                f"{tried.attempts:,}",
                f"{tried.held:,}",
                f"{failures:,}",
                f"{tried.requests / tried.attempts:.2f}",
                f"{rate:,.0f}",
                f"{calm.whole_rate:,.0f}",
                f"{100 * rate / calm.whole_rate:.0f} %",
            ),
        )


def _kinds(sizes: Sizes) -> Lines:
    """Every kind of fault alone, at random."""
    yield None, f"### One kind of fault in 30 % of the requests, {sizes.papers:,} papers each"
    yield None, ""
    head = ("fault", "attempts", "held", "faults", "requests per paper", "of the faultless speed")
    yield from _head(*head)
    for kind in FAULTS:
        tried = Tried()
        with ChaosServer(_at_random((kind,)), LATE_SECONDS) as server, _scratch() as folder:
            calm, extra = _calm(sizes.papers, LATE_SECONDS), _SLOW if kind == "slow bytes" else ()
            _attempt(tried, server, folder, calm, *extra, may_fail=partial(_ran_out, server))
        each = f"{tried.requests / tried.attempts:.2f}"
        yield tried, _row(kind, tried.attempts, tried.held, tried.faults, each, tried.speed)


def _one_bad(sizes: Sizes) -> Lines:
    """One paper that always fails, first, last or between: the others are not harmed."""
    yield None, f"### One paper of {sizes.papers} always fails, the others never"
    yield None, ""
    places = [sizes.papers // 2, 0, sizes.papers - 1][: sizes.bad]
    yield from _always(sizes, [{place} for place in places])


def _some_bad(sizes: Sizes) -> Lines:
    """Every fortieth paper always fails; they are likely to be the last ones that end."""
    yield None, f"### Every 40th paper of {sizes.papers} always fails, the others never"
    yield None, ""
    yield from _always(sizes, [set(range(0, sizes.papers, 40))])


def _always(sizes: Sizes, bad: Sequence[set[int]]) -> Lines:
    head = ("fault", "attempts", "held", "faults of a bad paper", "speed of the others")
    yield from _head(*head)
    for kind in FAULTS:
        tried = Tried()
        for papers in bad:
            script: Script = lambda paper, _: kind if paper in papers else None  # noqa: B023, E731
            with ChaosServer(script, LATE_SECONDS) as server, _scratch() as folder:
                calm, extra = (
                    _calm(sizes.papers, LATE_SECONDS),
                    _SLOW if kind == "slow bytes" else (),
                )
                extra = (*extra, *_patience("10"))
                _attempt(tried, server, folder, calm, *extra, may_fail=papers.__contains__)
        each = tried.faults / sum(map(len, bad))
        yield tried, _row(kind, tried.attempts, tried.held, f"{each:.1f}", tried.speed)


def _outages(sizes: Sizes) -> Lines:
    """A server that is down for a while in mid-run."""
    yield None, f"### Nothing but faults for {sizes.outage:.0f} s in mid-run"
    yield None, ""
    head = ("fault", "attempts", "held", "requests per paper", "seconds beside the outage")
    yield from _head(*head)
    for kind in OUTAGES:
        tried = Tried()
        outage = Outage(kind, sizes.papers // 3, sizes.outage)
        with ChaosServer(no_fault, LATE_SECONDS, outage) as server, _scratch() as folder:
            calm = _calm(sizes.papers, LATE_SECONDS)
            _attempt(tried, server, folder, calm, may_fail=lambda _: False)
            lost = sizes.papers / _rate(server, 1.0) - sizes.outage if tried.held else None
        each = f"{tried.requests / tried.attempts:.2f}"
        late = "none" if lost is None else f"{lost:.1f}"
        yield tried, _row(kind, tried.attempts, tried.held, each, late)


def _ends(sizes: Sizes) -> Lines:
    """Kills and full disks: the same command again."""
    yield None, f"### Kills and full disks, then the same command again, {IN_FLIGHT} in flight"
    yield None, ""
    head = ("what happens", "attempts", "held", "answers paid again", "at most")
    yield from _head(*head)
    twelve = _at_random(TWELVE)
    for name, script in (("SIGKILL", no_fault), ("SIGKILL, and the twelve faults", twelve)):
        tried, paid = _kills(sizes, script)
        most = tried.attempts * IN_FLIGHT
        yield tried, _row(name, tried.attempts, tried.held, paid, most)
    found = _full_disks(sizes)
    if found is None:
        yield None, _row("a full disk", "none: no disk can be mounted here", "", "", "")
        return
    tried, paid = found
    yield tried, _row("a full disk", tried.attempts, tried.held, paid, tried.attempts * IN_FLIGHT)


PARTS: dict[str, Callable[[Sizes], Lines]] = {
    "long": _long,
    "kinds": _kinds,
    "one": _one_bad,
    "some": _some_bad,
    "outages": _outages,
    "ends": _ends,
}


def _kills(sizes: Sizes, script: Script) -> tuple[Tried, int]:
    """Kill runs at random moments until each has ended; returns also what was paid again."""
    chance, tried, paid = random.Random(20261126), Tried(), 0  # noqa: S311
    calm = _calm(sizes.papers, SOON_SECONDS)
    while tried.attempts < sizes.kills:
        with ChaosServer(script, SOON_SECONDS) as server, _scratch() as folder:
            command = _command(server, folder, sizes.papers, *_FEW)
            kills = 0
            while kills < min(10, sizes.kills - tried.attempts):
                running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
                # From before the first request to after the last one.
                wanted = len(server.answered_at) + chance.randint(0, sizes.papers // 4)
                _wait_for(lambda: len(server.answered_at) >= wanted, running)  # noqa: B023
                time.sleep(chance.uniform(0, 0.3 if wanted else 1.0))
                running.kill()
                kills += running.wait() < 0
                if (folder / _NAMES[0]).exists():
                    break
            one, may_fail = Tried(), partial(_ran_out, server)
            if (folder / _NAMES[0]).exists():
                one.attempts = len(calm.lines)
                _compare(one, server, folder, calm, may_fail, kills * IN_FLIGHT)
            else:
                again = kills * IN_FLIGHT
                _attempt(one, server, folder, calm, *_FEW, may_fail=may_fail, again=again)
            paid += server.paid_again
        tried.attempts += kills
        tried.held += kills if one.held == one.attempts else 0
        tried.reasons += one.reasons
    return tried, paid


def _wait_for(happened: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not happened() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.002)


def _full_disks(sizes: Sizes) -> tuple[Tried, int] | None:
    """Runs whose disk is full somewhere, and again with room; None where none can be mounted.

    A disk that was large enough is no attempt.
    """
    chance, tried, paid = random.Random(20261126), Tried(), 0  # noqa: S311
    calm = _calm(sizes.papers, SOON_SECONDS)
    needed = _bytes_of_a_run(sizes.papers)
    while tried.attempts < sizes.disks:
        with ChaosServer(no_fault, SOON_SECONDS) as server, _scratch() as folder:
            disk, kept = folder / "disk", folder / "kept"
            disk.mkdir()
            kept.mkdir()
            command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
            command += [_ON_A_FULL_DISK, "sh", str(chance.randint(needed // 2, 8 * needed))]
            command += [str(disk), str(kept)]
            command += _command(server, disk, sizes.papers, *_FEW)
            try:
                ended = _run(command)
            except FileNotFoundError:
                return None
            if ended.code == _CANNOT_MOUNT:
                return None
            if (kept / "first").read_text() == "0\n":
                continue
            one = Tried(attempts=len(calm.lines))
            # It may have found the disk full when the output was in place.
            first, last = kept / "first.jsonl", kept / _NAMES[0]
            whole = not first.exists() or first.read_bytes() == last.read_bytes()
            whole &= "Traceback" not in ended.said
            if ended.code != 0 or not whole:
                one.reasons.append(_explained(ended))
            else:
                _compare(one, server, kept, calm, lambda _: False, IN_FLIGHT)
            paid += server.paid_again
        tried.attempts += 1
        tried.held += one.held == one.attempts
        tried.reasons += one.reasons
    return tried, paid


def _bytes_of_a_run(papers: int) -> int:
    """What a run has on its disk in the end."""
    with ChaosServer(no_fault, SOON_SECONDS) as server, _scratch() as folder:
        _run(_command(server, folder, papers, *_FEW))
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _attempt(
    tried: Tried,
    server: ChaosServer,
    folder: Path,
    calm: Calm,
    *options: str,
    may_fail: Callable[[int], bool],
    again: int = 0,
    most: float = MOST_SECONDS,
) -> None:
    """One run to its end, counted into ``tried``; ``again`` answers may have been paid twice."""
    ended = _run(_command(server, folder, len(calm.lines), *options), most)
    tried.attempts += len(calm.lines)
    tried.requests += server.asked.total()
    tried.faults += server.failed.total()
    failed = _failures(folder)
    if ended.code != (3 if failed else 0) or "Traceback" in ended.said:
        tried.reasons.append(_explained(ended))
        return
    _compare(tried, server, folder, calm, may_fail, again)
    tried.speeds.append(_rate(server, 0.9) / calm.rate)


def _compare(
    tried: Tried,
    server: ChaosServer,
    folder: Path,
    calm: Calm,
    may_fail: Callable[[int], bool],
    again: int,
) -> None:
    """Count the papers that the outputs hold."""
    lines = (folder / _NAMES[0]).read_bytes().splitlines(keepends=True)
    failed = [int(row["id"][1:]) for row in _rows(folder / _NAMES[1])]
    left = [line for paper, line in enumerate(calm.lines) if paper not in set(failed)]
    if len(lines) + len(failed) != len(calm.lines) or failed != sorted(set(failed)):
        tried.reasons.append(f"{len(lines)} records and {len(failed)} failures")
    elif server.paid_again > again:
        tried.reasons.append(f"{server.paid_again} answers were paid for again")
    else:
        wrong = [paper for paper in failed if not may_fail(paper)]
        differ = sum(line != wanted for line, wanted in zip(lines, left, strict=True))
        tried.held += len(calm.lines) - len(wrong) - differ
        if wrong:
            tried.reasons.append(f"{len(wrong)} papers failed without need, as {wrong[0]}")
        if differ:
            tried.reasons.append(f"{differ} records differ from the faultless run's")


def _run(command: Sequence[str], most: float = MOST_SECONDS) -> Ended:
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            _, said = running.communicate(timeout=most)
        except subprocess.TimeoutExpired:
            running.kill()
            return Ended(None, running.communicate()[1])
    return Ended(running.returncode, said)


def _explained(ended: Ended) -> str:
    if ended.code is None:
        return "did not end in time"
    return f"exit code {ended.code}: {' '.join(ended.said.split())[-300:]}"


def _command(server: ChaosServer, folder: Path, papers: int, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "extractor", "run", str(_dump(papers))),
        *("-o", str(folder / _NAMES[0]), "--cache-dir", str(folder / "answers"), "--quiet"),
        *("--model", "m", "--base-url", server.url, *options),
    ]


@cache
def _calm(papers: int, seconds: float) -> Calm:
    """The faultless run of so many papers."""
    with ChaosServer(no_fault, seconds) as server, _scratch() as folder:
        ended = _run(_command(server, folder, papers), MOST_SECONDS_OF_LONG)
        assert ended.code == 0, ended.said
        lines = (folder / _NAMES[0]).read_bytes().splitlines(keepends=True)
        assert len(lines) == papers == server.asked.total()
        assert all(b'"method_name":"Paper %d"' % i in line for i, line in enumerate(lines))
        return Calm(lines, _rate(server, 0.9), _rate(server, 1.0))


@cache
def _dump(papers: int) -> Path:
    path = _home() / f"{papers}.jsonl"
    write_papers(path, papers)
    return path


@cache
def _home() -> Path:
    """A folder for everything, removed at the end."""
    home = tempfile.mkdtemp(prefix="extractor-chaos-")
    atexit.register(shutil.rmtree, home)
    return Path(home)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_home()) as folder:
        yield Path(folder)


def _at_random(kinds: Sequence[str]) -> Script:
    """Which requests meet which fault: the same ones each time."""

    def script(paper: int, time: int) -> str | None:
        chance = random.Random(1000 * paper + time)  # noqa: S311
        return chance.choice(kinds) if chance.random() < SHARE else None

    return script


def _ran_out(server: ChaosServer, paper: int) -> bool:
    """Whether a paper may have failed: no try that is allowed was answered."""
    return not server.answered[paper] and server.failed[paper] >= TRIES


def _rate(server: ChaosServer, share: float) -> float:
    """Papers a second until that share of the papers was answered."""
    if not server.answered_at or server.began is None:
        return 0.0
    number = max(1, int(share * len(server.answered_at)))
    return number / (server.answered_at[number - 1] - server.began)


@cache
def _patience(seconds: str) -> tuple[str, ...]:
    """The option that bounds how long a rate limit is waited out, where there is one."""
    command = [sys.executable, "-m", "extractor", "run", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return ("--patience", seconds) if "--patience" in shown else ()


def _failures(folder: Path) -> int:
    return len(_rows(folder / _NAMES[1]))


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def _head(*names: str) -> Iterator[tuple[None, str]]:
    yield None, _row(*names)
    yield None, "| --- |" + " ---: |" * (len(names) - 1)


def _row(*cells: object) -> str:
    shown = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return "| " + " | ".join(shown) + " |"


if __name__ == "__main__":
    main()
