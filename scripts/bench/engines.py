"""The same full build on each engine, by number of cases: `python -m scripts.bench.engines`, with the Python of .venv-test.

It generates events, loads them (which is not measured), builds once on DuckDB, on a throwaway PostgreSQL and on Spark (local[2], Parquet),
and compares the weekly KPIs of each with those of DuckDB. PostgreSQL needs its programs, Spark needs Java 17 and .venv-spark.
What was measured earlier stays in the file named by --out, so that sizes and engines can be measured one by one.

Exit codes: 0 measured, 1 figures differ, 2 could not run.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import postgres_server
from scripts.bench.__main__ import MEASURED, ROOT, WRONG, could_not_run, describe, require, say
from scripts.journeys import SEED, TABLES

ENGINES = ["duckdb", "postgres", "spark"]
TITLES = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "spark": "Spark"}
SPARK_PYTHON = ROOT / ".venv-spark/bin/python"
BEGIN, END = "<!-- engines: begin -->", "<!-- engines: end -->"
# Relative; below 1, absolute.
TOLERANCE = 1e-9
KPIS = """
    select kpi_id, week_start, workflow, cohort_dimension, cohort_value, numerator, denominator, value
    from {schema}rpt_kpi_weekly
"""

Cells = dict[tuple[str, ...], tuple[float | None, ...]]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


# Raw tables ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def raw_tables(events: Path) -> Iterator[Any]:
    """A connection to a DuckDB with the schemas `events` and `reference`."""
    import duckdb
    import yaml

    with duckdb.connect() as connection:
        connection.execute("create schema events; create schema reference; set timezone = 'UTC'")
        for table in TABLES:
            connection.execute(f"create view events.{table} as from '{events}/{table}.parquet'")
        declared = yaml.safe_load((ROOT / "seeds/reference/_reference__seeds.yml").read_text(encoding="utf-8"))
        for seed in declared["seeds"]:
            columns = ", ".join(f"{name} {kind}" for name, kind in seed["config"]["column_types"].items())
            connection.execute(f"create table reference.{seed['name']} ({columns})")
            connection.execute(
                f"copy reference.{seed['name']} from '{ROOT}/seeds/reference/{seed['name']}.csv' (header)"
            )
        yield connection


def listed(connection: Any) -> list[tuple[str, str]]:
    """Schema and name of each raw table."""
    return connection.execute(
        "select table_schema, table_name from information_schema.tables where table_schema in ('events', 'reference') order by all"
    ).fetchall()


def connection_to(environment: dict[str, str]) -> Any:
    """A connection to PostgreSQL that commits each statement."""
    import psycopg2

    server = psycopg2.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
    )
    server.autocommit = True
    return server


def load_postgres(events: Path, folder: Path, environment: dict[str, str]) -> None:
    """Copy the raw tables into the schemas raw_events and raw_reference."""
    server = connection_to(environment)
    with raw_tables(events) as connection, server.cursor() as cursor:
        cursor.execute("create schema raw_events; create schema raw_reference")
        for schema, table in listed(connection):
            columns = ", ".join(
                f"{name} {kind.replace('DOUBLE', 'double precision')}"
                for name, kind, *_ in connection.execute(f"describe {schema}.{table}").fetchall()
            )
            cursor.execute(f"create table raw_{schema}.{table} ({columns})")
            file = folder / "rows.csv"
            connection.execute(f"copy {schema}.{table} to '{file}' (header)")
            with file.open(encoding="utf-8") as rows:
                cursor.copy_expert(f"copy raw_{schema}.{table} from stdin (format csv, header)", rows)
            file.unlink()
        cursor.execute("analyze")
    server.close()


def load_spark(events: Path, folder: Path, spark: list[str]) -> None:
    """Make external tables of the raw tables, in the schemas raw_events and raw_reference."""
    statements = ["create schema raw_events", "create schema raw_reference"]
    with raw_tables(events) as connection:
        for schema, table in listed(connection):
            place = folder / "lake" / schema / table
            place.mkdir(parents=True)
            connection.execute(f"copy {schema}.{table} to '{place}/rows.parquet' (format parquet)")
            statements.append(f"create table raw_{schema}.{table} using parquet location '{place}'")
    asked = "".join(json.dumps({"sql": statement}) + "\n" for statement in statements)
    done = subprocess.run([*spark, "--serve"], cwd=ROOT, input=asked, capture_output=True, text=True, check=True)
    failed = [line for line in done.stdout.splitlines() if "error" in json.loads(line)]
    if failed or len(done.stdout.splitlines()) != len(statements):
        raise OSError(f"Spark could not read the events: {(failed or [done.stderr])[0][-1000:]}")


# Builds --------------------------------------------------------------------------------------------------------------


def cells(rows: list[tuple[Any, ...]]) -> Cells:
    """The weekly KPIs by cell: numerator, denominator, value."""
    return {
        tuple(map(str, row[:5])): tuple(None if value is None else float(value) for value in row[5:]) for row in rows
    }


def built_by_duckdb(events: Path, folder: Path, command: list[str], as_of: str) -> tuple[dict[str, Any], Cells]:
    """Build on DuckDB: what it cost, and its KPIs."""
    import duckdb

    from scripts.bench import meter
    from scripts.bench.steps import DBT, REFERENCE

    database = folder / "built.duckdb"
    places = json.dumps({"events_path": str(events), "reference_path": str(REFERENCE)})
    environment = {"CLOSED_LOOP_DUCKDB": str(database), "CLOSED_LOOP_AS_OF": as_of}
    cost = meter.measure([DBT, *command, "--vars", places], ROOT, environment, folder / "build.log")
    with duckdb.connect(str(database), read_only=True) as connection:
        found = cells(connection.execute(KPIS.format(schema="marts.")).fetchall())
    return {**asdict(cost), "result_bytes": meter.size_of(database)}, found


SCHEMAS = json.dumps({"events_schema": "raw_events", "reference_schema": "raw_reference"})


def built_by_postgres(events: Path, folder: Path, command: list[str], as_of: str) -> tuple[dict[str, Any], Cells]:
    """Build on a throwaway PostgreSQL: what it cost, the server's work included, and its KPIs."""
    from scripts.bench import meter
    from scripts.bench.steps import DBT

    place = Path(tempfile.mkdtemp(prefix="closed_loop_postgres_"))
    try:
        environment = postgres_server.start(place)
        load_postgres(events, folder, environment)

        def ask(query: str) -> list[tuple[Any, ...]]:
            with contextlib.closing(connection_to(environment)) as server:
                cursor = server.cursor()
                cursor.execute(query)
                return cursor.fetchall()

        size = "select pg_database_size(current_database())"
        before = ask(size)[0][0]
        cost = meter.measure(
            [DBT, *command, "--vars", SCHEMAS, "--target", "postgres"],
            ROOT,
            {**environment, "CLOSED_LOOP_AS_OF": as_of},
            folder / "build.log",
            postgres_server.server_process(place),
        )
        return {**asdict(cost), "result_bytes": ask(size)[0][0] - before}, cells(ask(KPIS.format(schema="marts.")))
    finally:
        postgres_server.stop(place)
        shutil.rmtree(place, ignore_errors=True)


def built_by_spark(events: Path, folder: Path, command: list[str], as_of: str) -> tuple[dict[str, Any], Cells]:
    """Build on Spark: what it cost, Java and its start included, and its KPIs."""
    import duckdb

    from scripts.bench import meter

    data = folder / "spark"
    spark = [str(SPARK_PYTHON), "-m", "scripts.spark_session", "--data", str(data), "--master", "local[2]", "--large"]
    load_spark(events, folder, spark)
    environment = {"CLOSED_LOOP_AS_OF": as_of, "DBT_PROFILES_DIR": str(ROOT)}
    cost = meter.measure([*spark, "--", *command, "--vars", SCHEMAS], ROOT, environment, folder / "build.log")
    with duckdb.connect() as connection:
        connection.execute(f"create view rpt_kpi_weekly as from '{data}/warehouse/marts.db/rpt_kpi_weekly/*.parquet'")
        found = cells(connection.execute(KPIS.format(schema="")).fetchall())
    return {**asdict(cost), "result_bytes": meter.size_of(data / "warehouse")}, found


BUILDS = {"duckdb": built_by_duckdb, "postgres": built_by_postgres, "spark": built_by_spark}


def unlike(cell: tuple[float | None, ...] | None, expected: tuple[float | None, ...] | None) -> bool:
    """Whether a cell is another one, or is missing on a side."""
    if cell is None or expected is None:
        return cell is not expected
    return any(
        (one is None) != (other is None)
        or (one is not None and other is not None and abs(one - other) > TOLERANCE * max(1.0, abs(other)))
        for one, other in zip(cell, expected, strict=True)
    )


# The page ------------------------------------------------------------------------------------------------------------


def markdown(builds: list[dict[str, Any]]) -> str:
    """A table of what was measured, by number of cases and engine, with what a case more costs."""
    from scripts.bench.report import gigabytes, number, table

    rows = []
    for build in sorted(builds, key=lambda build: (build["cases"], ENGINES.index(build["engine"]))):
        smaller = [other for other in builds if other["engine"] == build["engine"] and other["cases"] < build["cases"]]
        before = max(smaller, key=lambda other: other["cases"], default=None)
        more = (
            (build["cpu_seconds"] - before["cpu_seconds"]) / (build["rows"] - before["rows"]) * 1e6 if before else None
        )
        rows.append(
            [
                f"{build['cases']:,}",
                TITLES[build["engine"]],
                number(build["cpu_seconds"], 0),
                number(build["seconds"], 0),
                number(build["cpu_seconds"] / build["rows"] * 1e6, 1),
                number(more, 1),
                gigabytes(build["peak_bytes"]),
                gigabytes(build["result_bytes"]),
            ]
        )
    head = [
        "cases",
        "engine",
        "processor seconds",
        "seconds",
        "processor µs per raw row",
        "… per row more",
        "peak GB",
        "result GB",
    ]
    return "\n".join(table(head, rows)).strip()


@app.command(help=__doc__)
def engines(
    cases: Annotated[list[int], typer.Option(help="Number of cases; repeatable.", min=1)] = [100_000],  # noqa: B006
    engine: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(ENGINES)}; repeatable.")] = None,
    weeks: Annotated[int, typer.Option(help="Weeks in which the cases are triggered.", min=1)] = 26,
    folder: Annotated[Path, typer.Option(help="Where events, databases and figures stand.")] = ROOT / "target/bench",
    out: Annotated[Path | None, typer.Option(help="The figures as JSON (engines.json in --folder).")] = None,
    page: Annotated[Path, typer.Option(help="The page to write the table into.")] = ROOT / "docs/past_one_machine.md",
    no_page: Annotated[bool, typer.Option("--no-page", help="Write the JSON only.")] = False,
) -> None:
    chosen = engine or ENGINES
    if unknown := set(chosen) - set(ENGINES):
        raise typer.BadParameter(f"--engine knows {', '.join(ENGINES)}; not {', '.join(sorted(unknown))}.")
    require(["psutil", *(["psycopg2"] if "postgres" in chosen else [])])
    if "spark" in chosen and not SPARK_PYTHON.exists():
        raise could_not_run(".venv-spark is not there. `make .venv-spark/installed` sets it up.")
    from scripts.bench import meter
    from scripts.bench.steps import WITHOUT_TESTS, CouldNotRun, Sample, check_disk, find_loads, make_events

    out = (out or folder / "engines.json").resolve()
    builds = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    wrong = []
    try:
        for count in cases:
            events = folder.resolve() / f"events/{count}"
            check_disk(folder, count, events.exists())
            make_events(events, Sample(count, weeks, SEED), say)
            loads = find_loads(events)
            expected: Cells | None = None
            for name in sorted(set(chosen), key=ENGINES.index):
                say(f"{count:,} cases on {TITLES[name]} …")
                with tempfile.TemporaryDirectory(prefix="engine_", dir=folder) as place:
                    work = Path(place).resolve()
                    command = ["--no-use-colors", "build", *WITHOUT_TESTS]
                    command += ["--target-path", str(work / "target"), "--log-path", str(work / "logs")]
                    cost, found = BUILDS[name](events, work, command, loads.last)
                say(
                    f"  {cost['cpu_seconds']:.0f} s of processor, {cost['seconds']:.0f} s, {cost['peak_bytes'] / 1e9:.2f} GB"
                )
                expected = expected or found
                differing = sum(unlike(found.get(cell), expected.get(cell)) for cell in found.keys() | expected.keys())
                if differing:
                    wrong.append(f"{count:,} cases: {differing} of {len(expected)} cells differ on {TITLES[name]}")
                same = {"cases": count, "engine": name}
                builds = [build for build in builds if {key: build[key] for key in same} != same]
                builds.append(
                    {**same, "rows": loads.rows, **describe(), **cost, "cells": len(found), "differing": differing}
                )
                out.write_text(json.dumps(builds, indent=1) + "\n", encoding="utf-8")
        if not no_page:
            text = page.read_text(encoding="utf-8")
            before, after = text.split(BEGIN)[0], text.split(END)[1]
            page.write_text(f"{before}{BEGIN}\n\n{markdown(builds)}\n\n{END}{after}", encoding="utf-8")
    except (CouldNotRun, meter.CommandFailed, postgres_server.PostgresError, OSError) as error:
        raise could_not_run(error) from error
    for one in wrong:
        typer.echo(one, err=True)
    raise typer.Exit(WRONG if wrong else MEASURED)


if __name__ == "__main__":
    app()
