"""A working folder for your own events, outside the project: `python -m scripts.init FOLDER`.

It holds what is yours: reference tables, a mapping, settings and a Makefile, whose `make` takes three sample cases to the page.
Exit codes: 0 made, 2 could not be made, and nothing was written.
"""

from __future__ import annotations

import shlex
import sys
import zoneinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.init.folder import Choice, Refused, make

COULD_NOT_MAKE = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Kind(StrEnum):
    """How closed_loop is used: from its own folder, or as a package of a dbt project of yours."""

    project = "project"
    package = "package"


class Source(StrEnum):
    """Where closed_loop reads events: files of the folder, or a schema of the database."""

    files = "files"
    schema = "schema"


@app.command(help=__doc__)
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make; one that is there has to be empty.")],
    kind: Annotated[
        Kind | None, typer.Option("--as", help="project: closed_loop by itself; package: in a dbt project of yours.")
    ] = None,
    source: Annotated[
        Source | None, typer.Option("--from", help="Where events are read: files, or a schema of the database.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option(help="A name for your first workflow, such as failed_payment.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="The zone of local days and weeks, such as Europe/Berlin.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="The currency of reports, such as EUR.")] = None,
) -> None:
    """Make the folder, and say what to do next. What no option says is asked for; without a terminal, the default is taken."""
    try:
        choice = Choice(
            kind=Kind(
                kind
                or asked(
                    "Use closed_loop by itself (project), or in a dbt project of yours (package)?", "project", Kind
                )
            ),
            source=Source(
                source or asked("Read events from files, or from a schema of the database?", "files", Source)
            ),
            workflow=workflow or asked("What is your first workflow called?", "first_workflow"),
            time_zone=time_zone
            or asked("In which time zone do your days begin?", "UTC", zoneinfo.available_timezones()),
            currency=currency or asked("In which currency do you report?", "USD"),
        )
        make(folder, choice)
    except Refused as error:
        typer.echo(f"Nothing was made: {error}", err=True)
        raise typer.Exit(COULD_NOT_MAKE) from error
    typer.echo(
        f"Made {folder}. Three sample cases go all the way, from the export to the page:\n\n    cd {shlex.quote(str(folder))}\n    make\n"
    )
    typer.echo("Then put your own export in the place of theirs: README.md there says how.")


def asked(question: str, default: str, allowed: object = None) -> str:
    """The answer of a person at a terminal; without one, the default. allowed: what it has to be one of."""
    if not sys.stdin.isatty():
        return default
    while True:
        answer = typer.prompt(question, default=default)
        if allowed is None or answer in list(allowed):  # type: ignore[call-overload]
            return answer
        typer.echo(f"{answer} isn't a valid answer.")


if __name__ == "__main__":
    app()
