"""`python -m scripts.scorecard`: one self-contained HTML file from the marts, which opens anywhere and asks no server for anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from scripts.marts import ALL, Unreadable, known, open_marts, rows
from scripts.scorecard.figures import figures, monday
from scripts.scorecard.page import Renderer, page

app = typer.Typer(add_completion=False)


@app.command()
def scorecard(
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is replaced.")] = Path(
        "scorecard.html"
    ),
    week: Annotated[
        str | None,
        typer.Option(help="A day of the week that it opens with; by default the latest week whose figures are final."),
    ] = None,
    workflow: Annotated[str, typer.Option(help="The workflow that it opens with.")] = ALL,
    weeks: Annotated[int, typer.Option(min=2, max=260, help="How many weeks it holds, up to the running one.")] = 26,
    span: Annotated[
        Literal["week", "rolling"] | None,
        typer.Option(help="Single weeks or four rolling ones; by default rolling for a single workflow."),
    ] = None,
    database: Annotated[
        Path | None, typer.Option(help="The DuckDB file; by default that of CLOSED_LOOP_DUCKDB, or closed_loop.duckdb.")
    ] = None,
) -> None:
    """Write the weekly scorecard as a page."""
    progress = Console(stderr=True)
    try:
        week = week and monday(week)
        with progress.status("Reading the figures …") as status:
            with open_marts(database) as connection:
                known(
                    workflow,
                    [ALL, *(row["workflow"] for row in rows(connection, "from dim_workflow order by workflow"))],
                    "workflow",
                )
                read = figures(connection, week, weeks)
            status.update("Drawing the page …")
            renderer = Renderer(read)
            choice = renderer.choice(week, workflow) | ({"span": span} if span else {})
            text = page(read, renderer, choice)
            write(out, text)
    except Unreadable as error:
        print(f"No page was written: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    progress.print(
        f"{out}: {renderer.title(choice)}; {len(text.encode()) / 1000:,.0f} kB. Open it in a browser.",
        highlight=False,
        markup=False,
    )


def write(out: Path, text: str) -> None:
    """Writes a whole file or none. Raises Unreadable where it can't."""
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Unreadable(f"{out} can't be written ({error.strerror}). Name another file: --out") from None


if __name__ == "__main__":
    app()
