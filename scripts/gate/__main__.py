"""Gates that stop a pipeline: `python -m scripts.gate contract` after loading, `python -m scripts.gate integrity` after building.

Exit codes: 0 passed (warnings are listed), 1 failed, 2 could not run.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.gate import judge, places, report, warehouse

PASSED, FAILED, COULD_NOT_RUN = 0, 1, 2
# A check that leaves nothing else to measure -> why.
ALONE = {"inputs": "the input can't be read", "seal": "tables are gone or replaced"}
# The environment variables of the project begin with this.
PREFIX = "CLOSED_LOOP_"
SETTINGS = ("DUCKDB", "MEMORY_LIMIT", "AS_OF")

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Target = Annotated[str | None, typer.Option(help="A target of the dbt profile; by default the profile's own.")]
Vars = Annotated[str, typer.Option("--vars", help="dbt vars as YAML, the same that the build gets.")]
Thresholds = Annotated[Path | None, typer.Option(help="YAML with what is to differ from gates/thresholds.yml.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the outcome here as JSON.")]
Junit = Annotated[Path | None, typer.Option(help="Write the outcome here as JUnit XML.")]
Markdown = Annotated[Path | None, typer.Option(help="Append the outcome here as Markdown, for a job summary.")]
Docs = Annotated[Path | None, typer.Option(help="Write Great Expectations' Data Docs (HTML) into this folder.")]


History = Annotated[
    bool, typer.Option("--history", help="The log is finished: don't ask whether its latest events have arrived.")
]


@app.command()
def contract(
    target: Target = None,
    variables: Vars = "{}",
    thresholds: Thresholds = None,
    history: History = False,
    json: Json = None,
    junit: Junit = None,
    markdown: Markdown = None,
    docs: Docs = None,
) -> None:
    """Before the build: do the raw events keep the contract, are they complete, and are they fresh?

    The events are staged in schemas of their own (gate_*), which are dropped again; the marts stay as they are.
    """
    call = Call("contract", target, variables, thresholds, reports_to(json, junit, markdown, docs), history=history)

    def measured(settings: dict[str, Any], step: Step) -> dict[str, dict[str, Any]]:
        moment = moment_of(settings)
        try:
            with warehouse.staged(target, settings, step("staging the raw events")):
                step("measuring")
                found = warehouse.measure("contract", target, settings, moment)
        except warehouse.InputRefused as refused:
            problems = [{"thing": "input", "problem": problem} for problem in refused.problems]
            return {"inputs": {"row_count": len(problems), "rows": problems}}
        return {**found, "inputs": {"row_count": 0, "rows": []}}

    run(call, measured)


@app.command()
def integrity(
    target: Target = None,
    variables: Vars = "{}",
    thresholds: Thresholds = None,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="Also fail on confirmed alerts and open signals of severity page.")
    ] = False,
    json: Json = None,
    junit: Junit = None,
    markdown: Markdown = None,
    docs: Docs = None,
) -> None:
    """After the build: do the marts add up, and is nothing resolved without an acknowledgement?"""
    call = Call("integrity", target, variables, thresholds, reports_to(json, junit, markdown, docs), alerts=alerts)

    def measured(settings: dict[str, Any], step: Step) -> dict[str, dict[str, Any]]:
        file = warehouse.duckdb_file(target, settings)
        if file and not warehouse.has_database(file):
            raise warehouse.no_database(file)
        step("measuring")
        return warehouse.measure("integrity", target, settings, None)

    run(call, measured)


Step = Callable[[str], warehouse.Progress]
Measured = Callable[[dict[str, Any], Step], dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Call:
    """What a gate was called with."""

    gate: str
    target: str | None
    variables: str
    thresholds: Path | None
    reports: list[places.Place]
    history: bool = False
    alerts: bool = False


def reports_to(json: Path | None, junit: Path | None, markdown: Path | None, docs: Path | None) -> list[places.Place]:
    """Where the reports go that were asked for."""
    named = [
        (json, {"option": "--json"}),
        (junit, {"option": "--junit"}),
        (markdown, {"option": "--markdown", "appended": True}),
        (docs, {"option": "--docs", "folder": True}),
    ]
    return [places.Place(path=path, **kind) for path, kind in named if path is not None]


def run(call: Call, measured: Measured) -> None:
    """Measure, judge, report; ends the process with the gate's exit code."""
    try:
        check_environment()
        with tempfile.TemporaryDirectory(prefix="gate_docs_") as pages:
            outcome = outcome_of(call, measured, Path(pages))
            troubles = [*leave(outcome, call.reports, Path(pages)), *show(outcome)]
    except (warehouse.CouldNotRun, OSError) as error:
        could_not_run(call.gate, report.one_per_line(error))
    except KeyboardInterrupt:
        could_not_run(call.gate, "it was interrupted.")
    except Exception:
        # The code 1, with which Python ends here, would say that the data are bad.
        could_not_run(call.gate, f"this is an error in the gate itself.\n{traceback.format_exc()}")
    if troubles:
        typer.echo("\n".join(["The verdict stands, but not every report was written:", *troubles]), err=True)
        raise typer.Exit(COULD_NOT_RUN)
    raise typer.Exit(FAILED if outcome.verdict == "failed" else PASSED)


def could_not_run(gate: str, why: str) -> NoReturn:
    """Say why, and end with the code for it."""
    typer.echo(f"The {gate} gate could not run: {why}", err=True)
    raise typer.Exit(COULD_NOT_RUN)


def outcome_of(call: Call, measured: Measured, pages: Path) -> judge.Outcome:
    """How a gate ends. pages: the folder for the Data Docs, where they are asked for."""
    settings = read_variables(call.variables)
    limits = judge.read_thresholds(call.gate, call.thresholds)
    left_out = judge.left_out(limits, call.history, call.alerts)
    taken = {"the database": warehouse.duckdb_file(call.target, settings), "--thresholds": call.thresholds}
    places.check(call.reports, {name: path for name, path in taken.items() if path})
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(call.gate, total=None)

        def step(description: str) -> warehouse.Progress:
            progress.update(task, description=description, total=None)
            return lambda done, of: progress.update(task, completed=done, total=of)

        figures = measured(settings, step)
        step("judging")
        asked = {check: limit for check, limit in limits.items() if check not in left_out}
        for check, why in ALONE.items():
            if figures.keys() == {check}:
                # Whatever the thresholds say of it: nothing else could be asked.
                left_out |= dict.fromkeys([other for other in asked if other != check], why)
                asked = {check: replace(limits[check], severity="error")}
        with_docs = any(place.folder for place in call.reports)
        results = judge.judge(call.gate, figures, asked, pages if with_docs else None)
    called = {"target": call.target, "vars": settings, "thresholds": call.thresholds, "history": call.history}
    return judge.Outcome(call.gate, results, left_out, called)


def leave(outcome: judge.Outcome, reports: list[places.Place], pages: Path) -> list[str]:
    """Write every report that can be written; returns what is wrong with the others. pages: the folder that holds the Data Docs."""
    texts = {"--json": report.as_json, "--junit": report.as_junit, "--markdown": report.as_markdown}
    troubles = []
    for place in reports:
        try:
            if place.folder:
                place.put_folder(pages)
            else:
                place.put(texts[place.option](outcome).encode("utf-8", errors="backslashreplace"))
        except warehouse.CouldNotRun as error:
            troubles.append(str(error))
    return troubles


class Screen(Console):
    """A console that leaves it to its caller what a closed pipe means; rich would end with 1, which says that the data are bad."""

    def on_broken_pipe(self) -> None:
        raise


def show(outcome: judge.Outcome) -> list[str]:
    """Print the outcome; returns what is wrong where it can't be printed."""
    try:
        report.print_screen(outcome, Screen(highlight=False))
        sys.stdout.flush()
    except OSError as error:
        # Python would try again when it ends, and end with a code of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return [f"standard output: {error.strerror}. {report.headline(outcome)}"]
    return []


def check_environment() -> None:
    """Raises CouldNotRun where a variable nearly has the name of one of the project's; dbt itself can't list them."""
    for name in os.environ:
        own = name.upper().removeprefix(PREFIX)
        if own != name.upper() and name.removeprefix(PREFIX) not in SETTINGS:
            for meant in difflib.get_close_matches(own, SETTINGS, n=1):
                raise warehouse.CouldNotRun(f"there is no {name}; did you mean {PREFIX}{meant}?")


def read_variables(text: str) -> dict[str, Any]:
    """The vars of --vars; raises CouldNotRun where they are no YAML mapping."""
    try:
        settings = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise warehouse.CouldNotRun(f"--vars is no YAML: {error}") from error
    if not isinstance(settings, dict):
        raise warehouse.CouldNotRun(f"--vars has to be a YAML mapping such as '{{as_of: 2026-06-01}}', not {text!r}.")
    return {name: str(value) if isinstance(value, dt.date | dt.datetime) else value for name, value in settings.items()}


def moment_of(settings: dict[str, Any]) -> str:
    """The UTC moment that freshness is counted to: the var as_of, else CLOSED_LOOP_AS_OF, else now."""
    given = settings.get("as_of") or os.environ.get("CLOSED_LOOP_AS_OF")
    if not given:
        return dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    try:
        return dt.datetime.fromisoformat(str(given)).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError as error:
        raise warehouse.CouldNotRun(f"as_of '{given}' is no UTC timestamp.") from error


if __name__ == "__main__":
    # A pipeline that is cancelled ends its steps so; what was staged is dropped then, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Whatever a terminal can't show is told as an escape.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()
