"""Spark gives the same figures as DuckDB: every public table, cell by cell, on the demo and on a hostile input in another time zone.

Two forms: PySpark 4 writes Parquet on two executors, and each build rebuilds everything; PySpark 3.5 writes Iceberg, and builds grow it.
Each needs an environment of its own (`make .venv-spark/installed .venv-spark-iceberg/installed`) and Java 17; where one is
missing, its tests skip and say so. Spark runs in one process per form (scripts/spark_session.py), because it takes a minute to start.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import compare
import duckdb
import pytest
from project import ROOT, WITHOUT_TESTS, build, database
from test_postgres import (
    HOSTILE_TIME_ZONE,
    MAY_BE_EMPTY,
    MESSAGES_PER_TABLE,
    Row,
    columns_by_table,
    comparable,
    differences,
    hostile_input,
    load,
    public_models,
    read,
    seed_types,
)

from scripts import spark_session

PARQUET, ICEBERG = ROOT / ".venv-spark", ROOT / ".venv-spark-iceberg"
TOLERANCE = 1e-12
# A change is the difference of two values that may be large: below this it is none.
LEAST_CHANGE = 1e-9
# What Spark calls some types of the seeds.
SPARK_TYPES = {"varchar": "string", "double precision": "double"}


class Spark:
    """A process with a session, and the folder of all that it writes."""

    def __init__(self, environment: Path, folder: Path, *options: str | Path) -> None:
        self.folder = folder
        self.log = folder.with_suffix(".log")
        command = [environment / "bin/python", "-m", "scripts.spark_session", "--data", folder, "--serve", *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "DBT_PROJECT_DIR": str(ROOT), "DBT_PROFILES_DIR": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def ask(self, **command: Any) -> Any:
        """The answer to a line of --serve; raises with what Spark or dbt said."""
        print(json.dumps(command, default=str), file=self.process.stdin, flush=True)
        reply = json.loads(self.process.stdout.readline() or '{"error": "the process has ended"}')
        assert "error" not in reply, f"{reply['error']}\n{self.said()}"
        return reply["answer"]

    def said(self, characters: int = 6000) -> str:
        """The end of what the process has written; all of it for 0."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-characters:]

    def dbt(self, *arguments: str, variables: Row | None = None, **environment: str) -> bool:
        """Whether a dbt command succeeded."""
        places = (
            "--target-path",
            str(self.folder.with_suffix(".target")),
            "--log-path",
            str(self.folder.with_suffix(".logs")),
        )
        given = ("--vars", json.dumps(variables, default=str)) if variables else ()
        return self.ask(dbt=["--no-use-colors", *arguments, *given, *places], environment=environment)

    def build(self, *arguments: str, variables: Row | None = None, **environment: str) -> None:
        """`dbt build` that has to succeed."""
        assert self.dbt("build", *arguments, variables=variables, **environment), self.said()

    def sql(self, statement: str) -> list[list[Any]]:
        """The rows of a statement."""
        return self.ask(sql=statement)

    def stop(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def missing(environment: Path) -> str | None:
    """What a form lacks; none where it can run."""
    if not (environment / "installed").exists():
        return f"{environment.name} is not there (make {environment.name}/installed)"
    if spark_session.java_version() not in spark_session.JAVA_VERSIONS:
        return "there is no Java 17 (apt-get install openjdk-17-jre-headless)"
    return None


@contextlib.contextmanager
def running(environment: Path, folder: Path, *options: str | Path) -> Iterator[Spark]:
    """A Spark of one form for the duration of a `with`; skips where it can't be had."""
    if lack := missing(environment):
        pytest.skip(f"not compared with Spark: {lack}")
    spark = Spark(environment, folder, *options)
    try:
        yield spark
    finally:
        spark.stop()
        spark_session.remove(folder)


@pytest.fixture(scope="session")  # first: without one the demo need not be built
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """Form (a): full rebuilds on two executors."""
    with running(PARQUET, tmp_path_factory.mktemp("parquet") / "spark") as spark:
        yield spark


# Comparing -----------------------------------------------------------------------------------------------------------


def read_exported(connection: duckdb.DuckDBPyConnection, folder: Path, columns: list[str]) -> list[Row]:
    """The rows of a table that Spark has exported; its moments have a time zone, which is UTC."""
    files = f"read_parquet('{folder}/*.parquet')"
    types = {row[0]: row[1] for row in connection.execute(f"describe select * from {files}").fetchall()}
    chosen = ", ".join(
        f'"{name}"::timestamp' if types[name] == "TIMESTAMP WITH TIME ZONE" else f'"{name}"' for name in columns
    )
    rows = connection.execute(f"select {chosen} from {files}").fetchall()
    return [dict(zip(columns, map(comparable, columns, row), strict=True)) for row in rows]


def without_noise(rows: list[Row]) -> list[Row]:
    """The rows with a `change` of 0 where it is next to nothing."""
    return [
        {**row, "change": 0.0} if abs(row.get("change") or 0.0) < LEAST_CHANGE and row.get("change") else row
        for row in rows
    ]


def assert_equal_figures(
    folder: Path, spark: Spark, monkeypatch: pytest.MonkeyPatch, prefix: str = "", without: Collection[str] = ()
) -> None:
    """Spark (got) and the DuckDB file of a folder (expected) have the same public tables, columns and rows.

    prefix: what stands before the names of Spark's schemas. without: tables whose rows are not compared.
    """
    monkeypatch.setattr(compare, "TOLERANCE", TOLERANCE)
    messages, empty = [], set()
    exported = spark.folder.with_suffix(".exported")
    with duckdb.connect(str(database(folder)), read_only=True) as expected, duckdb.connect() as got:
        got.execute("set timezone = 'UTC'")
        tables = columns_by_table(expected)
        found = {name for _, name, is_temporary in spark.sql(f"show tables in {prefix}marts") if not is_temporary}
        assert found == set(tables) == public_models(folder)
        spark.ask(export={f"{prefix}marts.{table}": str(exported / table) for table in tables})
        for table, columns in tables.items():
            columns_got = [
                row[0] for row in got.execute(f"describe select * from '{exported}/{table}/*.parquet'").fetchall()
            ]
            if columns_got != columns:
                messages.append(f"{table}: got the columns {columns_got}, expected {columns}")
                continue
            if table in without:
                continue
            rows = read(expected, table, columns)
            rows_got = read_exported(got, exported / table, columns)
            differing = differences(table, columns, without_noise(rows_got), without_noise(rows))
            messages += differing[:MESSAGES_PER_TABLE]
            if len(differing) > MESSAGES_PER_TABLE:
                messages.append(f"{table}: {len(differing) - MESSAGES_PER_TABLE} more differences")
            if not rows:
                empty.add(table)
    assert not messages, "Spark (got) and DuckDB (expected) differ:\n" + "\n".join(messages)
    assert empty <= MAY_BE_EMPTY, f"nothing to compare in {sorted(empty - MAY_BE_EMPTY)}"


# Hostile input in object storage ---------------------------------------------------------------------------------------


def load_hostile(folder: Path, spark: Spark) -> Row:
    """Lay a hostile input down in both engines; returns the dbt vars that go with it.

    In Spark they are external tables over Parquet by day of loading. It has no infinite moments, so the rows with them are left out.
    """
    events, reference, variables = hostile_input(HOSTILE_TIME_ZONE)
    lake = folder / "lake"
    with duckdb.connect(str(database(folder))) as connection:
        load(connection, "?", "my_events", "events", events)
        load(connection, "?", "my_reference", "reference", reference)
        for schema, tables in (("my_events", events), ("my_reference", reference)):
            spark.sql(f"create schema {schema}")
            for table in tables:
                place = lake / schema / table
                place.parent.mkdir(parents=True, exist_ok=True)
                if schema == "my_events":
                    connection.execute(f"delete from {schema}.{table} where event_id like 'no moment %'")
                    rows, form = "*, cast(loaded_at as date) as load_date", "format parquet, partition_by (load_date)"
                else:
                    rows, form = "*", "format parquet"
                    place.mkdir()
                    place = place / "rows.parquet"
                connection.execute(f"copy (select {rows} from {schema}.{table}) to '{place}' ({form})")
                spark.sql(f"create table {schema}.{table} using parquet location '{lake / schema / table}'")
                if schema == "my_events":
                    spark.sql(f"msck repair table {schema}.{table}")
    return variables | {"events_schema": "my_events", "reference_schema": "my_reference"}


def hold_back(lake: Path) -> Path:
    """Move the later half of the days of loading out of each event table: what a second load brings. Returns where they are."""
    held_back = lake.with_name("held_back")
    for table in lake.iterdir():
        days = sorted(table.glob("load_date=2*"))
        for day in days[len(days) // 2 :]:
            (held_back / table.name).mkdir(parents=True, exist_ok=True)
            day.rename(held_back / table.name / day.name)
    return held_back


def find_days(spark: Spark, lake: Path) -> None:
    """Have Spark look which days of loading there are."""
    for table in lake.iterdir():
        spark.sql(f"msck repair table my_events.{table.name} sync partitions")
        spark.sql(f"refresh table my_events.{table.name}")


def bring(held_back: Path, lake: Path) -> None:
    """Put them back."""
    for day in held_back.glob("*/*"):
        day.rename(lake / day.parent.name / day.name)


# Tests ---------------------------------------------------------------------------------------------------------------


def assert_two_executors(spark: Spark) -> None:
    """Two executors run, and each reads rows of the largest table: Spark says in which process it works on a row."""
    assert len(list((spark.folder / "home/work").glob("*/*/stderr"))) == 2
    processes = dict(
        spark.sql("select reflect('java.lang.ProcessHandle', 'current'), count(*) from marts.fct_case_event group by 1")
    )
    assert len(processes) == 2 and all(processes.values()), processes


# Raw tables that Spark holds in other types than the contract's, or with a value that those can't hold: column, type, value.
MISFITS = {
    "payments": ("amount", "decimal(38, 9)", "7.255"),
    "action_events": ("occurred_at", "string", "'2026-01-05'"),
    "agent_touches": ("logins", "double", "1.5"),
}


def load_misfits(spark: Spark) -> None:
    """Event tables with a row of each of MISFITS and no others, as the schema `misfits`."""
    spark.sql("create schema misfits")
    for table, types in seed_types("events").items():
        column, kind, value = MISFITS.get(table, (None, None, None))
        values = {"event_id": "'misfit'", column: value}
        chosen = ", ".join(
            f"cast({values.get(name, 'null')} as {kind if name == column else SPARK_TYPES.get(declared, declared)}) as {name}"
            for name, declared in types.items()
        )
        spark.sql(
            f"create table misfits.{table} using parquet as select {chosen} where {'true' if column else 'false'}"
        )


def test_what_the_session_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """scripts/spark_session.py: what is missing is said in a line; someone else's folder stays."""
    (tmp_path / "thesis.tex").touch()
    assert not spark_session.remove(tmp_path)
    monkeypatch.setattr(spark_session, "java_version", lambda: 11)
    with pytest.raises(spark_session.SparkError, match="Spark needs Java 17 or 21, and this is 11;"):
        spark_session.prepare(tmp_path / "spark", "local")
    monkeypatch.setattr(spark_session, "java_version", lambda: 17)
    found = ModuleSpec("pyspark", None, origin=str(tmp_path / "pyspark/__init__.py"))
    monkeypatch.setattr(spark_session.importlib.util, "find_spec", lambda name: found if name == "pyspark" else None)
    with pytest.raises(spark_session.SparkError, match="holds something else"):
        spark_session.prepare(tmp_path, "local")
    with pytest.raises(spark_session.SparkError, match="Iceberg is not installed here"):
        spark_session.iceberg_jar()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.slow
def test_what_stops_a_build(parquet: Spark) -> None:
    """A session in which moments would be others, a key that anybody could read; types and values that the contract doesn't have."""
    parquet.sql("set spark.sql.timestampType=TIMESTAMP_NTZ")
    assert not parquet.dbt("build", variables={"pii": "hashed"})
    parquet.sql("reset spark.sql.timestampType")
    said = parquet.said()
    assert "Spark's setting spark.sql.timestampType is TIMESTAMP_NTZ. Set it to TIMESTAMP_LTZ" in said
    assert "on the target spark a key can't be kept secret" in said
    load_misfits(parquet)
    assert not parquet.dbt("build", variables={"events_schema": "misfits", "schema_prefix": "misfits_"})
    said = parquet.said()
    for words in (
        "payments.amount (decimal(38,9)) has 1 value(s) that are no money",
        "action_events.occurred_at is string, the contract asks for timestamp",
        "agent_touches.logins is double, the contract asks for integer",
    ):
        assert words in said


@pytest.mark.slow
def test_demo_on_two_executors(parquet: Spark, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a second build, which rebuilds everything, and must change nothing; and the data, unit and macro tests."""
    parquet.build(*WITHOUT_TESTS)
    assert_equal_figures(demo, parquet, monkeypatch)
    assert_two_executors(parquet)
    parquet.build()
    assert "the tables are of a format in which no row can be replaced" in parquet.said(0)
    assert_equal_figures(demo, parquet, monkeypatch)


@pytest.mark.slow
def test_hostile_input_in_another_time_zone(parquet: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = load_hostile(tmp_path, parquet)
    build(tmp_path, variables, *WITHOUT_TESTS, artifacts=True)
    parquet.build(*WITHOUT_TESTS, variables=variables | {"schema_prefix": "hostile_"})
    assert_equal_figures(tmp_path, parquet, monkeypatch, "hostile_")


def kill_as_it_inserts(spark: Spark, table: str, variables: Row) -> None:
    """Build, and kill Spark and dbt once the rows of the changed cases are gone from a table, and before their new ones are there."""
    log = spark.folder.with_suffix(".logs") / "dbt.log"
    log.unlink()
    with concurrent.futures.ThreadPoolExecutor() as executor:
        ended = executor.submit(spark.dbt, "build", *WITHOUT_TESTS, variables=variables)
        while not (log.exists() and re.search(rf"create or replace temporary view {table}__dbt_tmp", log.read_text())):
            assert not ended.done(), spark.said()
            time.sleep(0.1)
        spark.stop()
        assert isinstance(ended.exception(), AssertionError)


def opened_cases(spark: Spark) -> int:
    """How many cases a table has that grows by case."""
    return spark.sql("select count(*) from intermediate.int_case__opened")[0][0]


@pytest.mark.slow
def test_increments_and_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Form (b): a hostile input in two loads. The second build is killed between a delete and its insert, the next one makes all right, and
    one more changes nothing."""
    folder = tmp_path / "iceberg"
    options = ("--iceberg", "--master", "local[2]")
    with running(ICEBERG, folder, *options) as spark:
        variables = load_hostile(tmp_path, spark)
        build(tmp_path, variables, *WITHOUT_TESTS, artifacts=True)
        lake = tmp_path / "lake/my_events"
        held_back = hold_back(lake)
        find_days(spark, lake)
        spark.build(*WITHOUT_TESTS, variables=variables)
        bring(held_back, lake)
        find_days(spark, lake)
        before = opened_cases(spark)
        kill_as_it_inserts(spark, "int_case__opened", variables)
        again = Spark(ICEBERG, folder, *options)
        try:
            assert opened_cases(again) < before
            for _ in range(2):
                again.build(*WITHOUT_TESTS, variables=variables)
                # More was published, and so more may be another since.
                assert_equal_figures(tmp_path, again, monkeypatch, without={"rpt_kpi_restatement"})
            rebuilds = again.sql("select is_full_rebuild from history.build_log order by build_number")
            assert rebuilds == [[True], [False], [False], [False]]
        finally:
            again.stop()
