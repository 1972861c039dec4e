"""Running dbt on the project in tests: every build gets a database and a target folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
WITHOUT_TESTS = ("--exclude-resource-type", "test", "unit_test")


def dbt(
    *arguments: str,
    folder: Path,
    variables: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    project: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    """Run dbt with its database, target and logs in a folder; the result is not checked.

    arguments: dbt's own, such as "build". variables: dbt vars. environment: further environment variables.
    """
    command = [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", *arguments]
    if variables:
        command += ["--vars", json.dumps(variables, default=str)]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    settings = {
        "CLOSED_LOOP_DUCKDB": str(database(folder)),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
    }
    return subprocess.run(
        command,
        cwd=project,
        env={**os.environ, **settings, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def build(folder: Path, variables: dict[str, Any] | None = None, *arguments: str, **options: Any) -> str:
    """`dbt build` that has to succeed; returns what it printed."""
    result = dbt("build", *arguments, folder=folder, variables=variables, **options)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr
    return result.stdout


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
