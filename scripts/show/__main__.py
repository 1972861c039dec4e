"""The figures in the terminal: `python -m scripts.show scorecard`, `kpi KPI`, `case CASE_ID`, `open`, `signals`.

It reads the DuckDB file of the last build and changes nothing. Times are UTC. Exit codes: 0 shown, 2 could not be shown.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from scripts import marts
from scripts.show import screens

COULD_NOT_SHOW = 2

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Database = Annotated[
    Path | None,
    typer.Option(help="The DuckDB file of a build; by default CLOSED_LOOP_DUCKDB, else closed_loop.duckdb."),
]
Workflow = Annotated[str, typer.Option(help="A workflow; all of them together by default.")]


@contextlib.contextmanager
def reading(database: Path | None) -> Iterator[screens.Reader]:
    """What reads a database and prints; ends the process with what is wrong where something can't be shown."""
    try:
        with contextlib.closing(marts.open_marts(database)) as connection:
            yield screens.Reader(connection)
    except marts.Unreadable as error:
        typer.echo(f"Nothing to show: {error}", err=True)
        raise typer.Exit(COULD_NOT_SHOW) from error


@app.command()
def scorecard(
    week: Annotated[str | None, typer.Option(help="Monday of a week; the last complete one by default.")] = None,
    workflow: Workflow = marts.ALL,
    database: Database = None,
) -> None:
    """How the headline KPIs did in the last complete week, red ones first, with the running week beside it."""
    with reading(database) as reader:
        reader.scorecard(week and monday(week), workflow)


@app.command()
def kpi(
    kpi: Annotated[str, typer.Argument(help="A KPI, such as writeback_success_rate.")],
    workflow: Workflow = marts.ALL,
    database: Database = None,
) -> None:
    """What a KPI counts, its last twelve weeks, its rolling four weeks, and the query that lists its cases."""
    with reading(database) as reader:
        reader.kpi(kpi, workflow)


@app.command()
def case(
    case_id: Annotated[str, typer.Argument(help="The id of a case.")],
    database: Database = None,
) -> None:
    """The audit trail of a case: who did what, when, and how the record was updated."""
    with reading(database) as reader:
        reader.case(case_id)


@app.command(name="open")
def open_cases(
    workflow: Workflow = marts.ALL,
    limit: Annotated[int, typer.Option(min=1, help="How many cases at most.")] = 20,
    database: Database = None,
) -> None:
    """The open cases, overdue ones first."""
    with reading(database) as reader:
        reader.open_cases(workflow, limit)


@app.command()
def signals(
    weeks: Annotated[int, typer.Option(min=1, help="Alerts of how many weeks, counted back from the running one.")] = 4,
    database: Database = None,
) -> None:
    """Open signals and confirmed alerts, with who has to do what."""
    with reading(database) as reader:
        reader.signals(weeks)


def monday(text: str) -> dt.date:
    """A date as the command line gives it; raises Unreadable where it is none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise marts.Unreadable(f"--week {marts.clean(text)} is no date; write it as 2026-05-11.") from error


if __name__ == "__main__":
    marts.plain_output()
    app()
