"""Running dbt on the project in tests: every build gets a database and a target folder of its own."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import dbt_processes
import duckdb

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
# The reference tables of the demo, for events of a test's own.
SEEDS = ROOT / "seeds/reference"
# The environment variable with the folder of what dbt parsed. The first process of a test run makes it, the others find it there.
PLACE_OF_PARSED = "TESTS_PARSED"
if PLACE_OF_PARSED not in os.environ:
    os.environ[PLACE_OF_PARSED] = tempfile.mkdtemp(prefix="closed_loop_parsed_")
    atexit.register(shutil.rmtree, os.environ[PLACE_OF_PARSED], ignore_errors=True)
# What dbt parsed, by the vars that matter and the engine: parsing takes as long as most builds of tests. dbt itself checks that it is
# still true.
PARSED = Path(os.environ[PLACE_OF_PARSED])
WITHOUT_TESTS = ("--exclude-resource-type", "test", "unit_test")
# Unit tests bring their own data: once, on the demo, is enough.
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
# For the environment of a build whose log is read: it has thousands of events, and most tests read none.
LOGGED = {"DBT_LOG_LEVEL_FILE": "debug"}


def dbt(
    *arguments: str,
    folder: Path,
    variables: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    project: Path = ROOT,
    artifacts: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run dbt with its database, target and logs in a folder; the result is not checked.

    arguments: dbt's own, such as "build". variables: dbt vars; paths in the folder are given as seen from there, and `as_of` as the
    environment variable.
    environment: further environment variables. artifacts: whether it writes manifest.json and run_results.json, which takes a second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["--no-use-colors", *arguments]
    seen = {
        name: value.relative_to(folder) if isinstance(value, Path) and value.is_relative_to(folder) else value
        for name, value in (variables or {}).items()
        if name != "as_of"
    }
    if seen:
        command += ["--vars", json.dumps(seen, default=str)]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    settings = {
        "CLOSED_LOOP_DUCKDB": database(folder).name,
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_LOG_LEVEL_FILE": "none",
        **(environment or {}),
    }
    as_of = (variables or {}).get("as_of")
    moment = {} if as_of is None else {"CLOSED_LOOP_AS_OF": str(as_of)}
    written = {"DBT_WRITE_JSON": str(artifacts)}
    described = json.dumps([dbt_processes.parsed_vars(seen), str(project), "postgres" in arguments], default=str)
    parsed = PARSED / hashlib.sha256(described.encode()).hexdigest()
    here = folder / "target" / "partial_parse.msgpack"
    if parsed.exists() and not here.exists():
        here.parent.mkdir(exist_ok=True)
        shutil.copy(parsed, here)
    result = dbt_processes.run(command, folder, {**os.environ, **settings, **moment, **written})
    if here.exists() and not parsed.exists():
        # In one step: another process may look for it.
        copied = parsed.with_name(f"{parsed.name}.{os.getpid()}")
        shutil.copy(here, copied)
        copied.rename(parsed)
    return result


def build(folder: Path, variables: dict[str, Any] | None = None, *arguments: str, **options: Any) -> str:
    """`dbt build` that has to succeed; returns what it printed."""
    result = dbt("build", *arguments, folder=folder, variables=variables, **options)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr
    return result.stdout


def parse_anew(folder: Path, **variables: Any) -> tuple[dict[str, Any], str]:
    """A full parse of the project: the manifest, and what dbt printed."""
    arguments = ("parse", "--no-partial-parse", "--show-all-deprecations")
    result = dbt(*arguments, folder=folder, variables=variables, artifacts=True)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr
    return json.loads((folder / "target" / "manifest.json").read_text()), result.stdout + result.stderr


def database(folder: Path) -> Path:
    """The DuckDB file that dbt() builds in a folder."""
    return folder / "closed_loop.duckdb"


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a folder's database."""
    with duckdb.connect(str(database(folder)), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def public_tables(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of the schema `marts` with its rows, in one fixed order."""
    names = [
        name
        for (name,) in query(folder, "select table_name from information_schema.tables where table_schema = 'marts'")
    ]
    return {name: sorted(query(folder, f"select * from marts.{name}"), key=repr) for name in sorted(names)}


def unlike_tables(got: Path, expected: Path, besides: Collection[str] = ()) -> list[str]:
    """Where the public tables of two folders differ, floats to the last bit. besides: tables that are not compared."""
    tables, others = public_tables(got), public_tables(expected)
    found = [f"{table}: only in one of the databases" for table in tables.keys() ^ others.keys()]
    for table in sorted((tables.keys() & others.keys()) - set(besides)):
        # repr() tells 0.0 from -0.0 and each double from the next.
        rows, expected_rows = (Counter(map(repr, side[table])) for side in (tables, others))
        if rows != expected_rows:
            found.append(f"{table}: got {rows.total()} rows, expected {expected_rows.total()}")
            found += [f"  got      {row[:600]}" for row in sorted(rows - expected_rows)[:4]]
            found += [f"  expected {row[:600]}" for row in sorted(expected_rows - rows)[:4]]
    return found
