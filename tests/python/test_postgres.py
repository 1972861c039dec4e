"""PostgreSQL gives the same figures as DuckDB: every public table, cell by cell, on the demo and on a hostile input.

The server is a throwaway one (scripts/postgres_server.py) whose collation and time zone are not DuckDB's. Where
PostgreSQL is not installed these tests skip and say so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import compare
import duckdb
import hostile
import psycopg2
import pytest
import test_gate
import yaml
from project import LOGGED, ROOT, WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, database, dbt
from test_security import SECRETS, assert_no_secret

from scripts import postgres_server

Row = dict[str, Any]

ON_POSTGRES = ("--target", "postgres", "--threads", "2")
# Both inputs may have no rows in these; in every other public table they have some.
MAY_BE_EMPTY = {"rpt_alert", "rpt_change_effect", "rpt_kpi_restatement"}
HOSTILE_TIME_ZONE = "America/New_York"
# occurred_at and loaded_at of rows that neither stop a build nor move anything; Python has no such moments.
NO_MOMENTS = [
    ("infinity", "infinity"),
    ("-infinity", "-infinity"),
    ("infinity", "2020-01-01"),
    ("-infinity", "2020-01-01"),
    ("2020-01-01", "-infinity"),
]
MESSAGES_PER_TABLE = 20


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """The environment of a server that lives as long as the session."""
    with contextlib.ExitStack() as stack:
        try:
            environment = stack.enter_context(postgres_server.running_server())
        except postgres_server.PostgresMissing as missing:
            pytest.skip(f"not compared with PostgreSQL: {missing}")
        yield environment


@pytest.fixture
def postgres(server: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of an empty database of the server, one per test."""
    with connection_to(server) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database {request.node.name}")
    return {**server, "PGDATABASE": request.node.name}


@contextlib.contextmanager
def connection_to(environment: dict[str, str]) -> Iterator[Any]:
    """A connection to PostgreSQL that commits and closes."""
    connection = psycopg2.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
    )
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


# Comparing -----------------------------------------------------------------------------------------------------------


def public_models(folder: Path) -> set[str]:
    """The models of the schema `marts`, by the manifest of a folder's last build."""
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return {node["alias"] for node in nodes if node["schema"] == "marts"}


def columns_by_table(cursor: Any) -> dict[str, list[str]]:
    """The tables and views of the schema `marts` and their columns in order; either engine."""
    cursor.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'marts' and table_catalog = current_database() order by table_name, ordinal_position"
    )
    found = defaultdict(list)
    for table, column in cursor.fetchall():
        found[table].append(column)
    return dict(found)


def read(cursor: Any, table: str, columns: list[str]) -> list[Row]:
    """The rows of a public table; either engine."""
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.execute(f'select {names} from marts."{table}"')
    return [dict(zip(columns, map(comparable, columns, row), strict=True)) for row in cursor.fetchall()]


def comparable(column: str, value: Any) -> Any:
    """A value as it is compared: `row_json` by the values that it parses to, everything else as it is."""
    if column != "row_json" or value is None:
        return value
    parsed = json.loads(value, parse_int=float, parse_constant=no_json)
    return {name: (type(item).__name__, moment(item)) for name, item in parsed.items()}


def no_json(constant: str) -> None:
    """Python reads Infinity and NaN, JSON does not have them."""
    raise ValueError(f"row_json has the bare word {constant}")


def moment(value: Any) -> Any:
    """A text that is a timestamp as that timestamp, whether a blank or a T parts date and time."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?", value):
        return dt.datetime.fromisoformat(value)
    return value


def key_columns(columns: list[str], *sides: list[Row]) -> list[str]:
    """The first columns of a table that tell its rows apart on each side, fractions and JSON left out."""
    inexact = {
        name for rows in sides for row in rows for name in columns if isinstance(row[name], float | Decimal | dict)
    }
    exact = [name for name in columns if name not in inexact]
    for count in range(1, len(exact)):
        if all(len({compare.key_of(row, exact[:count]) for row in rows}) == len(rows) for rows in sides):
            return exact[:count]
    return exact


def without_equals(*sides: list[Row]) -> list[list[Row]]:
    """The rows of either side without those that are the same on both, to the type: most of them, found fast."""
    kinds = [[(*map(type, row.values()), *map(str, row.values())) for row in rows] for rows in sides]
    both = Counter(kinds[0]) & Counter(kinds[1])
    left = []
    for rows, of_rows in zip(sides, kinds, strict=True):
        same = both.copy()
        left.append([])
        for row, kind in zip(rows, of_rows, strict=True):
            if same[kind]:
                same[kind] -= 1
            else:
                left[-1].append(row)
    return left


def differences(table: str, columns: list[str], got: list[Row], expected: list[Row]) -> list[str]:
    """Where the rows of a table differ, as multisets: table, key, column and both values."""
    count, expected_count = len(got), len(expected)
    got, expected = without_equals(got, expected)
    keys = key_columns(columns, got, expected)
    groups: dict[tuple, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((got, expected)):
        for row in rows:
            groups[compare.key_of(row, keys)][side].append(row)
    found = [] if count == expected_count else [f"{table}: got {count} rows, expected {expected_count}"]
    for key in sorted(groups, key=lambda key: [compare.show(value) for value in key]):
        found += compare.compare_group(table, compare.describe_key(key, keys), *groups[key], columns)
    return found


def assert_equal_figures(folder: Path, environment: dict[str, str], without: Collection[str] = ()) -> None:
    """PostgreSQL (got) and the DuckDB file of a folder (expected) have the same public tables, columns and rows.

    without: tables whose rows are not compared.
    """
    messages, empty = [], set()
    with duckdb.connect(str(database(folder)), read_only=True) as expected, connection_to(environment) as connection:
        got = connection.cursor()
        tables = columns_by_table(expected)
        assert set(columns_by_table(got)) == set(tables) == public_models(folder)
        for table, columns in tables.items():
            columns_got = columns_by_table(got)[table]
            if columns_got != columns:
                messages.append(f"{table}: got the columns {columns_got}, expected {columns}")
                continue
            if table in without:
                continue
            rows = read(expected, table, columns)
            found = differences(table, columns, read(got, table, columns), rows)
            messages += found[:MESSAGES_PER_TABLE]
            if len(found) > MESSAGES_PER_TABLE:
                messages.append(f"{table}: {len(found) - MESSAGES_PER_TABLE} more differences")
            if not rows:
                empty.add(table)
    assert not messages, "PostgreSQL (got) and DuckDB (expected) differ:\n" + "\n".join(messages)
    assert empty <= MAY_BE_EMPTY, f"nothing to compare in {sorted(empty - MAY_BE_EMPTY)}"


# Hostile input -------------------------------------------------------------------------------------------------------


def seed_types(kind: str) -> dict[str, dict[str, str]]:
    """The columns and SQL types of the raw tables, as the seeds declare them."""
    declared = yaml.safe_load((ROOT / "seeds" / kind / f"_{kind}__seeds.yml").read_text())
    return {seed["name"]: seed["config"]["column_types"] for seed in declared["seeds"]}


def load(cursor: Any, mark: str, schema: str, kind: str, tables: dict[str, list[Row]]) -> None:
    """Create a schema and its raw tables with their rows and NO_MOMENTS; either engine. `loaded_at` is loaded as `timestamptz`."""
    cursor.execute(f"create schema {schema}")
    cursor.execute("set timezone = 'UTC'")
    for table, rows in tables.items():
        types = seed_types(kind)[table]
        types |= {"loaded_at": "timestamp with time zone"} if kind == "events" else {}
        cursor.execute(f"create table {schema}.{table} ({', '.join(f'{name} {types[name]}' for name in types)})")
        if rows:
            values = [[row.get(name) for name in types] for row in rows]
            cursor.executemany(f"insert into {schema}.{table} values ({', '.join([mark] * len(types))})", values)
        if kind == "events":
            for number, (occurred_at, loaded_at) in enumerate(NO_MOMENTS):
                cursor.execute(
                    f"insert into {schema}.{table} (event_id, case_id, occurred_at, loaded_at) "
                    f"values ('no moment {number}', 'no case', '{occurred_at}', '{loaded_at}')"
                )


def load_demo_events(environment: dict[str, str]) -> None:
    """The demo's events as dbt seeds them, which takes it a minute: it binds each value."""
    with connection_to(environment) as connection:
        cursor = connection.cursor()
        cursor.execute("create schema demo_events")
        for table, types in seed_types("events").items():
            columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
            cursor.execute(f"create table demo_events.{table} ({columns})")
            with (ROOT / f"seeds/events/{table}.csv").open(encoding="utf-8") as file:
                cursor.copy_expert(f"copy demo_events.{table} from stdin (format csv, header)", file)


def hostile_input(time_zone: str) -> tuple[dict[str, list[Row]], dict[str, list[Row]], Row]:
    """The first hostile input that reports in a time zone: events, reference tables, dbt vars."""
    inputs = map(hostile.hostile_events, itertools.count())
    return next(found for found in inputs if found[2]["reporting_timezone"] == time_zone)


def hold_back(cursor: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Take the later half of the loads out of each raw table of PostgreSQL: what a second load brings."""
    held_back = {}
    for table in seed_types("events"):
        later = f"loaded_at > (select percentile_disc(0.5) within group (order by loaded_at) from my_events.{table})"
        cursor.execute(f"delete from my_events.{table} where {later} returning *")
        held_back[table] = cursor.fetchall()
    assert all(held_back.values())
    return held_back


def bring(cursor: Any, held_back: dict[str, list[tuple[Any, ...]]]) -> None:
    """Put them back."""
    for table, rows in held_back.items():
        marks = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f"insert into my_events.{table} values ({marks})", rows)


def never_due(triggers: list[Row], workflows: list[Row]) -> Row:
    """A trigger whose only flaw is its due moment, which is none; of the first load."""
    names = {row["workflow"] for row in workflows}
    good = [row for row in triggers if row["workflow"] in names and row["occurred_at"] and row["loaded_at"]]
    first = min((row for row in good if row["occurred_at"] <= row["loaded_at"]), key=lambda row: row["loaded_at"])
    own = {"event_id": "due never", "case_id": "due never", "customer_timezone": None, "amount_due": None}
    return {**first, **own, "due_at": "infinity"}


def load_hostile(folder: Path, environment: dict[str, str]) -> Row:
    """Lay a hostile input down in both engines; returns the dbt vars that go with it."""
    events, reference, variables = hostile_input(HOSTILE_TIME_ZONE)
    events["case_triggers"].append(never_due(events["case_triggers"], reference["workflows"]))
    with duckdb.connect(str(database(folder))) as connection:
        load(connection, "?", "my_events", "events", events)
        load(connection, "?", "my_reference", "reference", reference)
    with connection_to(environment) as connection:
        load(connection.cursor(), "%s", "my_events", "events", events)
        load(connection.cursor(), "%s", "my_reference", "reference", reference)
    return variables | {"events_schema": "my_events", "reference_schema": "my_reference"}


# Builds and readers of one database ------------------------------------------------------------------------------------

READERS = ["closed_loop_bi", "Finance Team", "user"]


def run(environment: dict[str, str], *statements: str, role: str | None = None) -> list[tuple[Any, ...]]:
    """Run statements, as a role where one is named; returns the rows of the last."""
    with connection_to(environment) as connection:
        cursor = connection.cursor()
        if role:
            cursor.execute(f'set role "{role}"')
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def readable(environment: dict[str, str], role: str) -> set[str]:
    """The public tables and views that a role can really read."""
    found = run(environment, "select table_name from information_schema.tables where table_schema = 'marts'")
    tables = set()
    for (table,) in found:
        with contextlib.suppress(psycopg2.errors.InsufficientPrivilege):
            run(environment, f"select * from marts.{table} limit 1", role=role)
            tables.add(table)
    return tables


def assert_readers_only(folder: Path, environment: dict[str, str]) -> None:
    """The listed roles can read each public table and nothing else; another role can read none."""
    for role in READERS:
        assert readable(environment, role) == public_models(folder), role
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(environment, "select * from history.kpi_first_published", role=role)
    assert readable(environment, "closed_loop_outsider") == set()


def refused(folder: Path, variables: Row, environment: dict[str, str], *arguments: str, says: str) -> None:
    """A dbt command that has to fail with these words, and with no other error."""
    result = dbt(*arguments, *ON_POSTGRES, folder=folder, variables=variables, environment=environment)
    assert result.returncode != 0 and says in result.stdout, result.stdout[-3000:]
    assert "Database Error" not in result.stdout, result.stdout[-3000:]


def another_build_runs(folder: Path, variables: Row, environment: dict[str, str]) -> None:
    """A second build stops while a first one shows itself, by a query or by its row; the row stays that of the first."""
    run(environment, "insert into history.build_lock values ('id-of-the-first', '2026-03-01 12:00:00')")
    before = run(environment, "select oid, relfilenode from pg_class order by oid")
    says = "another build of these schemas is running since 2026-03-01 12:00:00 UTC. Nothing was built"
    for command, sign in (
        (("run", "--select", "dim_kpi"), "select 1 /* closed_loop id-of-the-first model.closed_loop.dim_kpi */"),
        (("seed", "--select", "kpi_targets"), "select 1 from history.build_lock for share"),
    ):
        with connection_to(environment) as connection:
            connection.cursor().execute(sign)
            refused(folder, variables, environment, *command, says=says)
    assert run(environment, "select invocation_id from history.build_lock") == [("id-of-the-first",)]
    assert run(environment, "select oid, relfilenode from pg_class order by oid") == before


def another_build_has_taken_over(folder: Path, variables: Row, environment: dict[str, str]) -> None:
    """A build that has lost its row stops before its next model or seed."""
    run(
        environment,
        "create function intermediate.lose() returns trigger language plpgsql as"
        " $$ begin new.invocation_id := 'another'; return new; end $$",
        "create trigger lose before insert on history.build_lock for each row execute function intermediate.lose()",
        "truncate history.build_lock",
    )
    selected = ("--select", "kpi_targets", "dim_workflow")
    refused(folder, variables, environment, "build", *selected, *WITHOUT_TESTS, says="ERROR=2")
    assert "another build has begun in the meantime" in (folder / "logs/dbt.log").read_text()
    run(environment, "drop function intermediate.lose() cascade", "truncate history.build_lock")


def assert_every_query_bears_the_id(folder: Path) -> None:
    """What a second build looks for: the id of the build, in each query of its last run. dbt leaves it out of the inserts of seeds alone,
    which hold the build's row."""
    log = (folder / "logs/dbt.log").read_text().rsplit("Running with dbt", 1)[1]
    comments = set(re.findall(r"On (?:master|\w+\.closed_loop\.\w+): /\* (\w+ [0-9a-f-]{36}) ", log))
    assert len(comments) == 1
    assert not re.findall(r"On (?!seed\.)[\w.]+: (?!/\* closed_loop |COMMIT|ROLLBACK|Close|BEGIN).*", log)


def assert_models_are_planned_for_large_tables(folder: Path) -> None:
    """planner_settings() stood before each model of the last run. Without it 100,000 cases take hours; small data never tell."""
    log = (folder / "logs/dbt.log").read_text().rsplit("Running with dbt", 1)[1]
    built = set(re.findall(r"OK created sql \w+ model \w+\.(\w+) ", log))
    told = set(re.findall(r"On model\.closed_loop\.(\w+): /\*[^*]*\*/\s+set local enable_nestloop = off", log))
    assert len(built) > 100
    assert told == built


# Tests ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("server")  # first: without one the demo need not be built
def test_demo(demo: Path, postgres: dict[str, str], tmp_path: Path) -> None:
    """With the macro tests. Its event seeds are dbt's own in test_demo_passes_its_tests_and_the_gates, its reference seeds here too."""
    load_demo_events(postgres)
    left_out = ("--exclude", "path:seeds/events", "path:tests/singular", "test_type:generic")
    said = build(tmp_path, None, *ON_POSTGRES, *WITHOUT_UNIT_TESTS, *left_out, environment=postgres | LOGGED)
    assert len(re.findall(r" PASS \w+ \.", said)) > 20
    assert_equal_figures(demo, postgres)
    assert_models_are_planned_for_large_tables(tmp_path)


@pytest.mark.slow
def test_demo_passes_its_tests_and_the_gates(postgres: dict[str, str], tmp_path: Path) -> None:
    build(tmp_path, None, *ON_POSTGRES, environment=postgres)
    for name, arguments, ends in (
        ("contract", test_gate.AT_THE_END, test_gate.CONTRACT),
        ("integrity", (), test_gate.INTEGRITY),
    ):
        outcome = ("--json", str(tmp_path / f"{name}.json"))
        result = test_gate.gate(tmp_path, name, "--target", "postgres", *arguments, *outcome, **postgres)
        assert result.returncode == 0, result.stdout + result.stderr
        assert test_gate.statuses(tmp_path, f"{name}.json") == ends


@pytest.mark.slow
def test_hostile_input(postgres: dict[str, str], tmp_path: Path) -> None:
    """Raw tables that an operator brings in a schema, with everything wrong with them that can be; PostgreSQL takes them in two loads,
    DuckDB at once, both with hashed personal columns. Only what was published in between differs: PostgreSQL has published more, and so
    more may be another since.

    In between, and around the loads: who may read what was built, and what a build does while another one runs, or was killed.
    """
    variables = {**load_hostile(tmp_path, postgres), "reader_roles": READERS, "pii": "hashed"}
    run(postgres, *(f'create role "{role}"' for role in [*READERS, "closed_loop_outsider"]))
    postgres |= LOGGED
    postgres["PGOPTIONS"] = f"-c closed_loop.pii_key={SECRETS['DBT_ENV_SECRET_PII_KEY']}"
    build(tmp_path, variables, *WITHOUT_TESTS, environment=SECRETS | LOGGED, artifacts=True)
    with connection_to(postgres) as connection:
        held_back = hold_back(connection.cursor())
    build(tmp_path, variables, *WITHOUT_TESTS, *ON_POSTGRES, environment=postgres)
    assert_readers_only(tmp_path, postgres)
    assert run(postgres, "select * from history.build_lock") == []
    another_build_runs(tmp_path, variables, postgres)
    another_build_has_taken_over(tmp_path, variables, postgres)

    # A mart on its own; and what a build finds after one that was killed, with a role that is off the list.
    once_more = ("run", "--select", "rpt_integrity_violation", *ON_POSTGRES)
    assert dbt(*once_more, folder=tmp_path, variables=variables, environment=postgres).returncode == 0
    assert_readers_only(tmp_path, postgres)
    run(
        postgres,
        "insert into history.build_lock values ('id-of-the-killed', '2026-03-01 13:00:00')",
        "grant usage on schema marts to closed_loop_outsider, public",
        "grant select on marts.rpt_integrity_violation, marts.dim_kpi, marts.fct_message to closed_loop_outsider",
        "create schema reporting",
        'create view reporting."Mine" as select count(*) as cases from marts.rpt_alert',
    )
    with connection_to(postgres) as connection:
        bring(connection.cursor(), held_back)
    said = build(tmp_path, variables, *WITHOUT_TESTS, *ON_POSTGRES, environment=postgres)
    assert "Full rebuild" not in said
    assert "The build that began at 2026-03-01 13:00:00 UTC was interrupted." in said
    assert 'the view reporting."Mine" reads tables that builds replace' in said
    assert_every_query_bears_the_id(tmp_path)
    assert_readers_only(tmp_path, postgres)
    run(postgres, 'alter role "Finance Team" rename to "finance team"')
    refused(tmp_path, variables, postgres, "run", "--select", "dim_kpi", says="no role of the database: Finance Team.")
    run(postgres, 'alter role "finance team" rename to "Finance Team"')
    assert_equal_figures(tmp_path, postgres, without={"rpt_kpi_restatement"})
    assert run(postgres, "select reason from marts.rpt_quarantined_event where event_id = 'due never'") == [
        ("invalid_value",)
    ]
    assert_no_secret(tmp_path)
    with connection_to(postgres) as connection:
        cursor = connection.cursor()
        cursor.execute("select is_full_rebuild from history.build_log order by build_number")
        assert cursor.fetchall() == [(True,), (False,)]
        cursor.execute(
            "select distinct length(customer_ref) from marts.fct_case_journey where customer_ref is not null"
        )
        assert cursor.fetchall() == [(64,)]
        cursor.execute("select count(*) from builds.changed_cases")
        assert cursor.fetchone()[0] > 0
        cursor.execute("update history.build_inputs set content = 'raw' where name = 'events_schema'")
    stopped = dbt("test", *ON_POSTGRES, folder=tmp_path, variables=variables, environment=postgres)
    assert stopped.returncode != 0
    assert "holds the events of events_schema 'raw', not of events_schema 'my_events'" in stopped.stdout


@pytest.mark.slow
def test_decimals_that_money_can_not_hold(postgres: dict[str, str], tmp_path: Path) -> None:
    """A decimal without a scale is looked at value by value, as files are; NaN is a wrong value, not a wrong type."""
    columns = {table: dict(types) for table, types in seed_types("events").items()}
    columns["payments"]["amount"] = "numeric"
    columns["agent_touches"]["handle_minutes"] = "numeric"
    with connection_to(postgres) as connection:
        cursor = connection.cursor()
        cursor.execute("create schema my_events")
        for table, types in columns.items():
            cursor.execute(
                f"create table my_events.{table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})"
            )
        for event_id, amount in {"good": "12.50", "none": "NaN", "many": "7.255", "large": "1e17"}.items():
            cursor.execute("insert into my_events.payments (event_id, amount) values (%s, %s)", (event_id, amount))
        cursor.execute("insert into my_events.agent_touches (event_id, handle_minutes) values ('touch', 1e400)")
    result = dbt("build", *ON_POSTGRES, folder=tmp_path, variables={"events_schema": "my_events"}, environment=postgres)
    assert result.returncode != 0
    for words in (
        "payments.amount (numeric) has 2 value(s) that are no money",
        "in the row with event_id large",
        "agent_touches.handle_minutes (numeric) has 1 value(s) that are no double",
        "in the row with event_id touch",
    ):
        assert words in result.stdout, result.stdout[-3000:]


def server_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`python -m scripts.postgres_server`."""
    command = [sys.executable, "-m", "scripts.postgres_server", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_server_command(server: dict[str, str]) -> None:
    """scripts/postgres_server.py: start twice, look, stop; what fails says so in a line and leaves nothing."""
    folder = Path(tempfile.gettempdir()) / f"closed_loop_test_{os.getpid()}"
    try:
        taken = server_command("start", "--data", folder, "--port", server["PGPORT"])
        assert taken.returncode == 1 and re.fullmatch(r"error: port \d+ can't be used .*\n", taken.stderr)
        assert not folder.exists()

        started = server_command("start", "--data", folder)
        assert started.returncode == 0, started.stderr
        environment = dict(line.removeprefix("export ").split("=", 1) for line in started.stdout.splitlines())
        assert set(environment) == {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"}
        with connection_to(environment) as connection:
            cursor = connection.cursor()
            cursor.execute("select current_setting('timezone') = 'UTC', 'a' < 'B', 'a' < 'B' collate \"C\"")
            assert cursor.fetchone() == (False, True, False)
        for again in ("start", "status"):
            assert server_command(again, "--data", folder).stdout == started.stdout

        assert server_command("stop", "--data", folder).returncode == 0
        assert not folder.exists()
        gone = server_command("status", "--data", folder)
        assert gone.returncode == 1 and gone.stderr == f"error: no server runs in {folder}\n"
    finally:
        postgres_server.stop(folder)


@pytest.mark.slow
def test_server_that_does_not_start(server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """scripts/postgres_server.py: a server that fails on its way leaves no folder; someone else's folder stays."""
    folder = Path(tempfile.gettempdir()) / f"closed_loop_test_{os.getpid()}"
    monkeypatch.setattr(postgres_server, "settings", lambda *_: "no_such_setting = 1")
    with pytest.raises(postgres_server.PostgresError, match=r"^pg_ctl failed: .*no_such_setting"):
        postgres_server.start(folder)
    assert not folder.exists()

    (tmp_path / "thesis.tex").touch()
    with pytest.raises(postgres_server.PostgresError, match="holds something else"):
        postgres_server.start(tmp_path)
    assert not postgres_server.stop(tmp_path)
    assert (tmp_path / "thesis.tex").exists()
