"""``extractor review``: a page on which a person decides about values."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from extractor.cli import options
from extractor.plurals import counted

if TYPE_CHECKING:
    from pydantic import BaseModel

    from extractor.review import Session


def review(
    records: Annotated[
        Path, Argument(help="A file that 'extractor run' or 'extractor convert' wrote.")
    ],
    dump: Annotated[
        list[str],
        Option(metavar="DUMP", help="The dump that was run over, as often as there were several."),
    ],
    schema: Annotated[
        str | None,
        Option(
            metavar="NAME|FILE.py:MODEL|FIELDS",
            help="The schema of the records. Default: the built-in one that they name.",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        Option(
            min=1,
            metavar="N",
            help="Go through N papers whole, chosen at random but always the same, to find what "
            "is missing.",
        ),
    ] = None,
    reviewer: Annotated[
        str | None,
        Option(metavar="NAME", help="Who decides. Default: the user's name on this machine."),
    ] = None,
    port: Annotated[
        int, Option(min=0, max=65535, help="The port of the page; 0 for one that is free.")
    ] = 0,
    no_browser: Annotated[
        bool, Option("--no-browser", help="Print the address and open no browser.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Decide about values on a local page: accept, correct or reject, by one key each.

    Doubtful and refused values come first. What is decided is kept in RECORDS with the ending
    .review.jsonl, which 'extractor convert' applies and 'extractor eval --gold' measures against.

    Example: extractor review records.jsonl --dump papers.txt
    """
    from extractor.review import ReviewServer, Session

    who = reviewer or _user()
    model = _schema(records, schema)
    with Session(records, dump, model, reviewer=who, sample=sample) as session:
        before = session.decisions.verdicts().total()
        server = ReviewServer(session, port)
        try:
            if not quiet:
                _announce(session)
            typer.echo(f"Review at {server.address} (Ctrl-C ends it)", err=True)
            if not no_browser:
                _open(server.address)
            server.serve()
        except (KeyboardInterrupt, SystemExit):
            pass  # that is how it ends: nothing is lost, every decision is on disk
        finally:
            server.close()
        if not quiet:
            _tell(session, records, before)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container whose user has no name
        return "reviewer"


def _schema(records: Path, schema: str | None) -> type[BaseModel]:
    """The schema named, else the built-in one whose task made the records."""
    from extractor.errors import UsageError
    from extractor.record import task_name
    from extractor.task import builtin_schemas, load_task
    from extractor.writers import open_records

    if schema:
        return load_task(schema).schema
    first = next(iter(open_records(records)), None)
    if first is None:
        raise UsageError(f"{records} holds no record.")
    if (name := task_name(first)) not in builtin_schemas():
        made_by = f"are of the task {name!r}, which is not built in" if name else "name no task"
        raise UsageError(
            f"The records in {records} {made_by}.",
            hint="Give the --schema that they were made with.",
        )
    return load_task(name).schema


def _announce(session: Session) -> None:
    found = session.found
    for each in found.unreadable:
        typer.echo(f"Left out: {each}", err=True)
    if found.without_abstract:
        typer.echo(
            f"{counted(found.without_abstract, 'paper')} left out: the dump has no entry with the "
            "same id and title. Is it the dump that was run over?",
            err=True,
        )
    if found.without_evidence:
        typer.echo(
            f"{counted(found.without_evidence, 'paper')} without evidence: no words are "
            "highlighted for their values.",
            err=True,
        )
    if found.of_another_text:
        typer.echo(
            f"The dump has another text for {counted(found.of_another_text, 'paper')}: words that "
            "are not those of a value are not highlighted. Is it the dump that was run over?",
            err=True,
        )
    if other := session.about_other_texts:
        typer.echo(
            f"Not counted here: {counted(other, 'decision')} about another text of these papers.",
            err=True,
        )
    steps, decided = len(session.items), session.decided
    papers = len({item.paper for item in session.items})
    done = f", {decided:,} of them decided" if decided else ""
    typer.echo(f"{counted(steps, 'step')} in {counted(papers, 'paper')}{done}.", err=True)


def _open(address: str) -> None:
    """Open the page, where there is a browser with a window: one in this terminal would hide it."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        browser = None
    in_terminal = type(browser) is webbrowser.GenericBrowser
    if browser is None or in_terminal or not browser.open(address):
        typer.echo("There is no browser to open it: follow the address.", err=True)


def _tell(session: Session, records: Path, before: int) -> None:
    from extractor.decisions import outcomes

    session.log.refresh()
    verdicts = session.decisions.verdicts()
    total = verdicts.total()
    typer.echo("", err=True)
    if not total:
        typer.echo("Nothing is decided.", err=True)
        return
    new = f", {total - before:,} of them now" if 0 < total - before < total else ""
    typer.echo(
        f"{counted(total, 'decision')} in {session.log.path}{new}: {outcomes(verdicts)}.", err=True
    )
    if differ := session.decisions.disagreements():
        typer.echo(
            f"{counted(differ, 'value')} decided differently by two people: the later one holds.",
            err=True,
        )
    typer.echo(
        f"Apply them: extractor convert {records} OUT. "
        f"Measure with them: extractor eval --records {records} --gold {session.log.path}",
        err=True,
    )
