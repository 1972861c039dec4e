"""Files for others, from the database of the last build: `python -m scripts.export --out FOLDER`, or `make export`.

Parquet of all public tables, the audit trail as one JSON line per event, an OCEL 2.0 log for process mining, and an ODCS data contract.
It reads only; the folder is written beside and takes its name at the end. Exit codes: 0 exported, 2 could not be exported.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from scripts import marts
from scripts.export import contract, events, ocel, parquet
from scripts.export.place import Place
from scripts.export.source import Source

COULD_NOT_EXPORT = 2


class Format(StrEnum):
    """What can be exported."""

    PARQUET = "parquet"
    EVENTS = "events"
    OCEL = "ocel"
    ODCS = "odcs"


# Writes a format into a folder. Returns: file, seen from there -> how many of what is in it.
Write = Callable[[Source, Path], dict[str, dict[str, int]]]
WRITES: dict[Format, Write] = {
    Format.PARQUET: parquet.write,
    Format.EVENTS: events.write,
    Format.OCEL: ocel.write,
    Format.ODCS: contract.write,
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=__doc__)
def export(
    out: Annotated[Path, typer.Option(help="The folder that is made; an earlier export in it is replaced.")],
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="What to export; more than once for several. All by default."),
    ] = None,
    database: Annotated[
        Path | None,
        typer.Option(help="The DuckDB file of a build; by default CLOSED_LOOP_DUCKDB, else closed_loop.duckdb."),
    ] = None,
    manifest: Annotated[
        Path, typer.Option(help="What dbt says of the tables, in words; dbt build and dbt parse write it.")
    ] = Path("target/manifest.json"),
) -> None:
    chosen = [each for each in Format if each in (formats or list(Format))]
    try:
        with marts.interruptible(), Place(out) as place, contextlib.closing(marts.open_marts(database)) as connection:
            prepare(connection, place.spill)
            source = Source(connection, manifest, needs_manifest=Format.ODCS in chosen)
            files: dict[str, dict[str, int]] = {}
            for each in chosen:
                files |= WRITES[each](source, place.folder)
            place.finish(source.described(), files)
    except (marts.Unreadable, OSError) as error:
        typer.echo(f"Nothing was exported: {error}", err=True)
        raise typer.Exit(COULD_NOT_EXPORT) from error
    except KeyboardInterrupt as error:
        typer.echo("Nothing was exported: it was interrupted.", err=True)
        raise typer.Exit(COULD_NOT_EXPORT) from error
    for name, counts in files.items():
        typer.echo(f"{marts.clean(out / name)}: {', '.join(f'{count:,} {what}' for what, count in counts.items())}")


def prepare(connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
    """Sorting takes as much memory as a build may, and goes on in a folder."""
    with marts.explained():
        connection.execute(f"set temp_directory = {marts.literal(str(spill))}")
        connection.execute(f"set memory_limit = {marts.literal(os.environ.get('CLOSED_LOOP_MEMORY_LIMIT') or '40%')}")


if __name__ == "__main__":
    # A pipeline that is cancelled ends its steps so; what was written is removed then, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    marts.plain_output()
    app()
