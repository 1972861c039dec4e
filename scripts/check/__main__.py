"""A first look at your own events, in seconds and without dbt: `python -m scripts.check EVENTS --reference REFERENCE`.

What is there, what is missing, what would be quarantined and why, and which KPIs these events can show. It changes nothing.
Exit codes: 0 usable, 1 a build would stop or find no case, 2 could not run.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import duckdb
import jinja2
import typer
import yaml

from scripts import marts
from scripts.check import page
from scripts.check.look import look
from scripts.check.macros import Refused
from scripts.check.terminal import Screen

NOT_USABLE, COULD_NOT_RUN = 1, 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=__doc__)
def check(
    events: Annotated[str, typer.Argument(help="The folder of the event tables, as events_path takes it.")],
    reference: Annotated[
        str | None, typer.Option(help="The folder of the reference tables, as reference_path takes it.")
    ] = None,
    variables: Annotated[str, typer.Option("--vars", help="Further vars as `dbt build --vars` takes them.")] = "{}",
    page_file: Annotated[Path | None, typer.Option("--page", help="Write a page that needs no server.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
) -> None:
    """A first look at your own events."""
    try:
        report = look(events, reference, given(variables))
        texts = {
            page_file: lambda: page.html(report),
            json_file: lambda: json.dumps(dataclasses.asdict(report), indent=2, ensure_ascii=False, default=str) + "\n",
        }
        for file, text in texts.items():
            if file:
                page.write(file, text())
    except (marts.Unreadable, Refused, duckdb.Error, jinja2.TemplateError) as error:
        typer.echo(f"Nothing was checked: {marts.clean(str(error).splitlines()[0])}", err=True)
        raise typer.Exit(COULD_NOT_RUN) from error
    Screen().show(report)
    raise typer.Exit(0 if report.is_usable() else NOT_USABLE)


def given(text: str) -> dict[str, Any]:
    """The vars of the command line; raises Unreadable where they are none."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise marts.Unreadable(
            f"--vars {text} is no YAML. Write it as '{{reporting_timezone: Europe/Berlin}}'."
        ) from error
    if not isinstance(found, dict):
        raise marts.Unreadable(f"--vars {text} is no mapping. Write it as '{{reporting_timezone: Europe/Berlin}}'.")
    return found


if __name__ == "__main__":
    marts.plain_output()
    app()
