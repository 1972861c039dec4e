"""Gates that stop a pipeline: `python -m scripts.gate contract` after loading, `python -m scripts.gate integrity` after building.

Exit codes: 0 passed (warnings are listed), 1 failed, 2 could not run.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.gate import judge, report, warehouse

PASSED, FAILED, COULD_NOT_RUN = 0, 1, 2

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Target = Annotated[str | None, typer.Option(help="A target of the dbt profile; by default the profile's own.")]
Vars = Annotated[str, typer.Option("--vars", help="dbt vars as YAML, the same that the build gets.")]
Thresholds = Annotated[Path | None, typer.Option(help="YAML with what is to differ from gates/thresholds.yml.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the outcome here as JSON.")]
Junit = Annotated[Path | None, typer.Option(help="Write the outcome here as JUnit XML.")]
Markdown = Annotated[Path | None, typer.Option(help="Append the outcome here as Markdown, for a job summary.")]
Docs = Annotated[Path | None, typer.Option(help="Write Great Expectations' Data Docs (HTML) into this folder.")]


@app.command()
def contract(
    target: Target = None,
    variables: Vars = "{}",
    thresholds: Thresholds = None,
    json: Json = None,
    junit: Junit = None,
    markdown: Markdown = None,
    docs: Docs = None,
) -> None:
    """Before the build: do the raw events keep the contract, are they complete, and are they fresh?

    The events are staged in schemas of their own (gate_*), which are dropped again; the marts stay as they are.
    """

    def measured(settings: dict[str, Any], limits: dict[str, judge.Limits], step: Step) -> dict[str, dict[str, Any]]:
        moment = moment_of(settings)
        try:
            warehouse.stage(target, settings, step("staging the raw events"))
        except warehouse.InputRefused as refused:
            problems = [{"thing": "input", "problem": problem} for problem in refused.problems]
            # Nothing else can be measured on an input that can't be read.
            for check in limits.keys() - {"inputs"}:
                del limits[check]
            found = {"inputs": {"row_count": len(problems), "rows": problems}}
        else:
            step("measuring")
            found = warehouse.measure("contract", target, settings, moment)
            found["inputs"] = {"row_count": 0, "rows": []}
        step("tidying up")
        warehouse.drop_staged(target, settings)
        return found

    run("contract", measured, target, variables, thresholds, json, junit, markdown, docs)


@app.command()
def integrity(
    target: Target = None,
    variables: Vars = "{}",
    thresholds: Thresholds = None,
    alerts: Annotated[bool, typer.Option("--alerts", help="Also fail on confirmed alerts of severity page.")] = False,
    json: Json = None,
    junit: Junit = None,
    markdown: Markdown = None,
    docs: Docs = None,
) -> None:
    """After the build: do the marts add up, and is nothing resolved without an acknowledgement?"""

    def measured(settings: dict[str, Any], limits: dict[str, judge.Limits], step: Step) -> dict[str, dict[str, Any]]:
        if not alerts:
            limits.pop("page_alerts", None)
        step("measuring")
        found = warehouse.measure("integrity", target, settings, None)
        if found.keys() == {"seal"}:
            # Tables are gone or replaced, and the seal names them: nothing else can be measured.
            if "seal" not in limits:
                raise warehouse.CouldNotRun("; ".join(f"{row['thing']} {row['problem']}" for row in found["seal"]["rows"]))
            for check in limits.keys() - {"seal"}:
                del limits[check]
        return found

    run("integrity", measured, target, variables, thresholds, json, junit, markdown, docs)


Step = Callable[[str], warehouse.Progress]
Measured = Callable[[dict[str, Any], dict[str, judge.Limits], Step], dict[str, dict[str, Any]]]


def run(
    gate: str,
    measured: Measured,
    target: str | None,
    variables: str,
    thresholds: Path | None,
    json: Path | None,
    junit: Path | None,
    markdown: Path | None,
    docs: Path | None,
) -> None:
    """Measure, judge, report; ends the process with the gate's exit code."""
    try:
        settings = read_variables(variables)
        limits = judge.read_thresholds(gate, thresholds)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as progress:
            task = progress.add_task(gate, total=None)

            def step(description: str) -> warehouse.Progress:
                progress.update(task, description=description, total=None)
                return lambda done, of: progress.update(task, completed=done, total=of)

            figures = measured(settings, limits, step)
            step("judging")
            results = judge.judge(gate, figures, limits, docs)
        called = {"target": target, "vars": settings, "thresholds": thresholds}
        if json:
            report.write_json(json, gate, results, called)
        if junit:
            report.write(junit, report.as_junit(gate, results))
        if markdown:
            before = markdown.read_text(encoding="utf-8") if markdown.exists() else ""
            report.write(markdown, before + report.as_markdown(gate, results))
        report.print_screen(gate, results, Console(highlight=False))
    except (warehouse.CouldNotRun, warehouse.InputRefused, OSError) as error:
        typer.echo(f"The {gate} gate could not run: {report.one_per_line(error)}", err=True)
        raise typer.Exit(COULD_NOT_RUN) from error
    except KeyboardInterrupt:
        typer.echo(f"The {gate} gate was interrupted.", err=True)
        raise typer.Exit(COULD_NOT_RUN) from None
    raise typer.Exit(FAILED if report.verdict(results) == "failed" else PASSED)


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
    app()
