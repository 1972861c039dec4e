"""Reading what a build left: the connection to its public tables.

The page, the terminal and the exports share it. DuckDB only: the file is opened read-only.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import yaml

from scripts.held_file import holder

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = "marts"
ALL = "(all)"


class Unreadable(Exception):
    """Nothing can be read, or what was asked for isn't there; the text says what it is, and the way out."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C within a query as KeyboardInterrupt; DuckDB raises a RuntimeError of its own."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error


def default_file() -> Path:
    """The file that `dbt build` writes where nothing else is said."""
    return Path(os.environ.get("CLOSED_LOOP_DUCKDB") or "closed_loop.duckdb")


def open_marts(path: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a database that a build of this version left; table names without a schema are those of `marts`.

    path: the DuckDB file, by default the one that builds write. Raises Unreadable.
    """
    file = path or default_file()
    if not file.is_file():
        raise Unreadable(
            f"there is no database at {clean(file)}. Build it (make build), or name another with --database or CLOSED_LOOP_DUCKDB."
        )
    with explained():
        connection = duckdb.connect(str(file), read_only=True)
    try:
        check(connection, file)
    except BaseException:
        connection.close()
        raise
    return connection


def check(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Raises Unreadable where a file isn't a whole closed_loop database of this version."""
    with explained():
        connection.execute("set TimeZone = 'UTC'")
        found = rows(
            connection,
            "select 1 from duckdb_tables() where schema_name = ? and table_name = 'dim_run' and database_name = current_database()",
            SCHEMA,
        )
        if not found:
            raise Unreadable(
                f"{clean(file)} has no table {SCHEMA}.dim_run: it isn't a closed_loop database, or was built by a version before 2.0.0. "
                "Name the file that dbt build wrote, or build it again."
            )
        # The file's name may be that of a schema, so the database is named, too.
        (database,) = rows(connection, "select current_database() as name")
        connection.execute(f"use {quoted(database['name'])}.{quoted(SCHEMA)}")
        (run,) = rows(connection, "select project_version from dim_run")
    if run["project_version"] != project_version():
        raise Unreadable(
            f"{clean(file)} was built by version {clean(run['project_version'])} of closed_loop, and this is {project_version()}. "
            "Build it again with this version, or use the commands of the other."
        )


def project_version() -> str:
    """The version of closed_loop that this file belongs to."""
    return str(yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["version"])


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raises Unreadable in place of DuckDB's errors, with what to do about them."""
    try:
        yield
    except duckdb.Error as error:
        raise Unreadable(advice(str(error))) from error


def advice(error: str) -> str:
    """What to do about an error of DuckDB. error: its text."""
    held = holder(error)
    if held:
        return (
            f"another program{held.by} is writing to {clean(held.file)}. Wait until it has ended, or read a copy of the same name "
            "in another folder."
        )
    first = clean(error.splitlines()[0])
    if re.search(r"No files found that match|Cannot open file|could not open", error, re.IGNORECASE):
        return (
            "some public tables are views that read the event files, by the path that the build was given, seen from the folder in which "
            f"it ran. Run this in that folder, or build with an absolute events_path. DuckDB says: {first}"
        )
    if re.search(r"Catalog .* does not exist", error):
        return (
            "its views know the database by the name that the file had when it was built. Give the copy that name again. "
            f"DuckDB says: {first}"
        )
    return f"DuckDB can't read it: {first}"


def rows(connection: duckdb.DuckDBPyConnection, query: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query, by column name; for results that fit in the head. Raises Unreadable."""
    with explained():
        result = connection.execute(query, list(parameters))
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def quoted(name: str) -> str:
    """A name in SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"


def known(name: str, names: Iterable[str], kind: str) -> str:
    """The name, where it is one of `names`; else raises Unreadable with the nearest ones. kind: what it names, such as `KPI`."""
    choice = list(names)
    if name in choice:
        return name
    near = difflib.get_close_matches(name.lower(), choice, n=3, cutoff=0.5)
    near = near or [other for other in choice if name and name.lower() in other][:3]
    listed = ", ".join(clean(other) for other in near or choice[:5])
    hint = (
        f"Did you mean {listed}?"
        if near
        else f"There are {listed}{', …' if len(choice) > 5 else ''}."
        if choice
        else ""
    )
    raise Unreadable(f"there is no {kind} {clean(name)}. {hint}".rstrip())


def clean(text: object) -> str:
    """A text of the data as a terminal may show it: what is no visible character is written out, so that it can't steer the terminal."""
    return "".join(escape(character) for character in str(text))


def escape(character: str) -> str:
    """A character, or how Python writes it where it can't be seen: controls, formats, lone surrogates, unassigned, line separators."""
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode("ascii")
    return character


def plain_output() -> None:
    """Whatever a terminal can't show is written as an escape, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
