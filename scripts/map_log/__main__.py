"""Event tables from an event log: `python -m scripts.map_log LOG --mapping mapping.csv --out EVENTS_FOLDER`.

The log is CSV, Parquet or XES, one row per event; the mapping says what each activity becomes. docs/event_logs.md explains both. The folder
is written beside and takes its name at the end. Exit codes: 0 mapped, 2 could not be mapped.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from scripts.check.macros import Project
from scripts.export.place import swap
from scripts.map_log.log import LANDED, Log, Reading, Times, read_log
from scripts.map_log.mapping import NotMapped, Row, read_mapping
from scripts.map_log.tables import FORMATS, Made, Maker
from scripts.marts import clean, interruptible, literal, plain_output

COULD_NOT_MAP = 2


class Format(StrEnum):
    """How the event tables are written."""

    PARQUET = "parquet"
    CSV = "csv"


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=__doc__)
def map_log(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG", help="The log: .csv, .csv.gz, .parquet, .xes or .xes.gz.")
    ],
    mapping: Annotated[Path, typer.Option(help="The mapping table, a CSV.")],
    out: Annotated[Path, typer.Option(help="The folder that is made, for events_path.")],
    case: Annotated[str | None, typer.Option(help="The column of the case; by default case:concept:name.")] = None,
    activity: Annotated[str | None, typer.Option(help="The column of the activity; by default concept:name.")] = None,
    time: Annotated[str | None, typer.Option(help="The column of the time; by default time:timestamp.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The zone of times without an offset, such as Europe/Rome.")
    ] = None,
    time_format: Annotated[str | None, typer.Option(help="How times are written, such as '%d.%m.%Y %H:%M'.")] = None,
    loaded: Annotated[str | None, typer.Option(help="loaded_at: the log's column that says when a row landed.")] = None,
    exported_at: Annotated[str | None, typer.Option(help="loaded_at: the moment of the export, for all rows.")] = None,
    as_it_happened: Annotated[
        bool, typer.Option("--as-it-happened", help="loaded_at: when each event was over.")
    ] = False,
    file_format: Annotated[Format, typer.Option("--format", help="Of the files that are written.")] = Format.PARQUET,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the event tables of an earlier run.")] = False,
) -> None:
    reading = Reading(case, activity, time, timezone, time_format, loaded)
    try:
        check_landed(loaded, exported_at, as_it_happened)
        check_place(out, overwrite)
        with interruptible(), beside(out) as folder:
            log, made, later = run(logs, mapping, reading, exported_at, as_it_happened, folder, file_format.value)
            check_place(out, overwrite)
            swap(folder / "new", out.resolve(), folder / "before")
    except (NotMapped, duckdb.Error, OSError) as error:
        typer.echo(f"Nothing was mapped: {clean_lines(str(error))}", err=True)
        raise typer.Exit(COULD_NOT_MAP) from error
    except KeyboardInterrupt as error:
        typer.echo("Nothing was mapped: it was interrupted.", err=True)
        raise typer.Exit(COULD_NOT_MAP) from error
    tell(out, log, made, later)


def check_landed(loaded: str | None, exported_at: str | None, as_it_happened: bool) -> None:
    """Raises NotMapped where nobody, or more than one option, says when rows landed."""
    given = [loaded is not None, exported_at is not None, as_it_happened].count(True)
    if given != 1:
        said = "more than one option says" if given else "nothing says"
        raise NotMapped(
            f"{said} when rows landed (loaded_at). Give one of --loaded COLUMN, where the log has it; --exported-at MOMENT, which holds "
            "for all rows; --as-it-happened, for a log of the past: when each event was over."
        )


def check_place(out: Path, overwrite: bool) -> None:
    """Raises NotMapped where the folder may not take its place."""
    if not out.resolve().parent.is_dir():
        raise NotMapped(f"there is no folder {out.resolve().parent}. Make it, or name another with --out.")
    if not out.exists():
        return
    if not out.is_dir():
        raise NotMapped(f"{out} is no folder. Name another with --out.")
    found = {entry.name for entry in out.iterdir()}
    with duckdb.connect() as connection:
        tables = Project(connection, {}).call("event_contract")
    ours = {f"{table}.{name}" for table in tables for name in FORMATS}
    strange = sorted(found - ours)
    if strange:
        raise NotMapped(f"{out} holds {strange[0]}, which is no event table. Name another folder with --out.")
    if found and not overwrite:
        raise NotMapped(
            f"{out} holds event tables. Replace them all with --overwrite, or name another folder with --out."
        )


@contextlib.contextmanager
def beside(out: Path) -> Iterator[Path]:
    """A folder beside the one that is made, so that it is renamed and never copied; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=".map_log_", dir=out.resolve().parent) as name:
        (Path(name) / "new").mkdir()
        yield Path(name)


def run(
    logs: list[Path],
    mapping: Path,
    reading: Reading,
    exported_at: str | None,
    as_it_happened: bool,
    folder: Path,
    file_format: str,
) -> tuple[Log, Made, int]:
    """Maps the log into folder/new; what was read, what was made, and how many events are later than they landed. Raises NotMapped."""
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute(f"set temp_directory = {literal(str(folder / 'spill'))}")
        connection.execute(f"set memory_limit = {literal(os.environ.get('CLOSED_LOOP_MEMORY_LIMIT') or '40%')}")
        project = Project(connection, {})
        rows: list[Row] = read_mapping(mapping, project.call("event_contract"))
        log = read_log(project, logs, reading, folder)
        times = Times(project, reading)
        landed = (
            None if as_it_happened else LANDED if exported_at is None else export_moment(connection, times, exported_at)
        )
        maker = Maker(project, times, log, rows, landed)
        made = maker.make()
        maker.write(folder / "new", file_format)
        late = f"select count(*) from log where occurred_at > {landed}" if landed else "select 0"
        (later,) = connection.execute(late).fetchone()
    return log, made, later


def export_moment(connection: duckdb.DuckDBPyConnection, times: Times, text: str) -> str:
    """The moment of --exported-at as SQL. It is read as ISO 8601, in the log's time zone where it has no offset. Raises NotMapped."""
    iso = Times(times.project, Reading(timezone=times.timezone))
    query = f"""
        select cast({iso.moment("value", "varchar")} as varchar), {iso.problem("value", "varchar")}
        from (select {literal(text)} as value)
    """
    moment, problem = connection.execute(query).fetchone()
    if moment is None:
        raise NotMapped(f"--exported-at: {problem}")
    return f"{literal(moment)}::timestamptz"


def tell(out: Path, log: Log, made: Made, later: int) -> None:
    """What became of the log, on the terminal."""
    lines = [f"{log.events:,} event{'s' * (log.events > 1)} became these rows in {clean(out)}:"]
    lines += [f"  {table:<20}{count:>12,}" for table, count in made.tables.items()]
    for activity, (why, count) in made.ignored.items():
        lines.append(f"ignored: {count:,} of {activity}{f' ({why})' if why else ''}")
    for activity, count in made.unmet.items():
        lines.append(f"made nothing, because no row's condition holds: {count:,} of {activity or '(empty)'}")
    for row in made.idle:
        lines.append(f"made nothing, because no event fits: {row} of the mapping")
    if later:
        lines.append(f"Events that are later than they landed: {later:,}. A build quarantines them (from_the_future).")
    typer.echo("\n".join(clean(line) for line in [*lines, *log.notes, *made.notes]))
    # The shell that make starts reads the path a second time, and make reads a dollar.
    path = shlex.quote(shlex.quote(clean(out)).replace("$", "$$"))
    typer.echo(f"Look at them next: make check CHECK={path}")


def clean_lines(text: str) -> str:
    """A text of several lines as a terminal may show it."""
    return "\n".join(map(clean, text.split("\n")))


if __name__ == "__main__":
    # A pipeline that is cancelled ends its steps so; what was written is removed then, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plain_output()
    app()
