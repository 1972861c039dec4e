"""A dashboard for Apache Superset, as a ZIP that it imports: `python -m scripts.superset`, or `make superset`.

It reads the columns of the last build and what dbt's manifest says of them. The ZIP holds no rows.
Exit codes: 0 written, 2 could not be written.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from scripts import marts
from scripts.export.source import Source
from scripts.superset import bundle

COULD_NOT_WRITE = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=__doc__)
def superset(
    out: Annotated[Path, typer.Option(help="The ZIP that is written; an earlier one is replaced.")] = Path(
        "closed_loop_superset.zip"
    ),
    database: Annotated[
        Path | None,
        typer.Option(help="The DuckDB file of a build; by default CLOSED_LOOP_DUCKDB, else closed_loop.duckdb."),
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="Where Superset finds the database, as SQLAlchemy has it; by default that file, read-only."),
    ] = None,
    manifest: Annotated[
        Path, typer.Option(help="What dbt says of the tables, in words; dbt build and dbt parse write it.")
    ] = Path("target/manifest.json"),
) -> None:
    file = database or marts.default_file()
    try:
        with contextlib.closing(marts.open_marts(file)) as connection:
            bundle.write(Source(connection, manifest), uri or uri_of(file), out)
    except (marts.Unreadable, OSError) as error:
        typer.echo(f"Nothing was written: {error}", err=True)
        raise typer.Exit(COULD_NOT_WRITE) from error
    typer.echo(f"{marts.clean(out)}: import it in Superset under Dashboards, or with superset import-dashboards.")


def uri_of(file: Path) -> str:
    """A DuckDB file for SQLAlchemy, opened read-only."""
    return f"duckdb:///{file.resolve()}?access_mode=read_only"


if __name__ == "__main__":
    marts.plain_output()
    app()
