"""What is exported: the public tables of a database, and what dbt's manifest says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from scripts.marts import SCHEMA, Unreadable, clean, quoted, rows

Model = dict[str, Any]

PUBLIC = ("dim_", "fct_", "rpt_")
# What names a person or leads to one, unless the var `pii` keeps it out: docs/privacy.md, "What is where".
PERSONAL = {
    "fct_case_journey": {"customer_ref"},
    "fct_case_event": {"actor", "what"},
    "fct_agent_touch": {"agent_ref"},
    "fct_evidence": {"uri"},
    "rpt_quarantined_event": {"row_json"},
}
# Who acted, without the reference of a person that two tables put after the word.
KIND_OF_ACTOR = (
    "case when events.source_table in ('action_events', 'agent_touches') "
    "then split_part(events.actor, ' ', 1) else events.actor end"
)


class Source:
    """A database of a finished build. tables: public table -> column -> type, both in their order; pii: the word of the var."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, manifest: Path, needs_manifest: bool = True) -> None:
        self.connection = connection
        (self.run,) = rows(connection, "from dim_run")
        self.pii = self.checked_build()
        self.tables = self.listed_tables()
        self.manifest = read_manifest(manifest, needs_manifest)
        self.models = {
            node["alias"]: node
            for node in self.manifest.get("nodes", {}).values()
            if node["resource_type"] == "model"
            and node["package_name"] == "closed_loop"
            and node["config"].get("access") == "public"
        }
        if self.models:
            self.compare(manifest)

    def history(self, table: str) -> str:
        """The name of a table of the schema `history`, in full: the file may be called like a schema."""
        ((database,),) = [tuple(row.values()) for row in rows(self.connection, "select current_database()")]
        return f"{quoted(database)}.history.{quoted(table)}"

    def checked_build(self) -> str:
        """What the last build made of personal columns; raises Unreadable where that build did not finish."""
        inputs, seal = self.history("build_inputs"), self.history("build_seal")
        (builds,) = rows(
            self.connection,
            f"select (select max(build_number) from {inputs} where kind = 'start') as started, "
            f"(select max(build_number) from {seal}) as done",
        )
        if builds["done"] is None or (builds["started"] or 0) > builds["done"]:
            raise Unreadable(
                f"build {builds['started']} was started and did not finish, so the tables may be those of the build before, or partly of "
                "either. See what it said, and build again."
            )
        found = rows(
            self.connection,
            f"select content from {inputs} where kind = 'var' and name = 'pii' "
            f"and build_number = (select max(build_number) from {inputs} where kind = 'var')",
        )
        # Where nobody says that personal columns are clear, they are treated as if they were not to be.
        return found[0]["content"] if found else "unknown"

    def listed_tables(self) -> dict[str, dict[str, str]]:
        """The public tables that the database has, with their columns."""
        found: dict[str, dict[str, str]] = {}
        for row in rows(
            self.connection,
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_catalog = current_database() and table_schema = ? order by table_name, ordinal_position",
            SCHEMA,
        ):
            if row["table_name"].startswith(PUBLIC):
                found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
        return found

    def compare(self, manifest: Path) -> None:
        """Leave out what isn't of this project; raises Unreadable where the manifest is of other tables."""
        for table, model in self.models.items():
            if self.tables.get(table, {}).keys() != model["columns"].keys():
                raise Unreadable(
                    f"{clean(manifest)} and the database don't have the same columns of {table}. Run dbt parse, or build again."
                )
        self.tables = {table: columns for table, columns in self.tables.items() if table in self.models}

    def described(self) -> dict[str, Any]:
        """What an export is of, for its list of files."""
        return {
            "project_version": self.run["project_version"],
            "as_of": f"{self.run['as_of'].isoformat()}Z",
            "pii": self.pii,
        }


def read_manifest(manifest: Path, needed: bool) -> dict[str, Any]:
    """dbt's manifest; empty where it isn't there and isn't needed. Raises Unreadable."""
    if not manifest.is_file() and not needed:
        return {}
    way_out = "Run dbt parse in the project's folder, or name the file with --manifest."
    try:
        read = json.loads(manifest.read_text(encoding="utf-8"))
        if "nodes" not in read:
            raise ValueError("it has no nodes")
    except FileNotFoundError as error:
        raise Unreadable(f"there is no {clean(manifest)}, which describes the tables. {way_out}") from error
    except (OSError, ValueError, TypeError) as error:
        raise Unreadable(f"{clean(manifest)} is no manifest of dbt: {clean(error)}. {way_out}") from error
    return read
