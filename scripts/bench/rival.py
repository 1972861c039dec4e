"""Case journeys and headline KPIs from the raw Parquet in one DuckDB script, rival.sql: EVENTS REFERENCE AS_OF DATABASE."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def main(events: str, reference: str, as_of: str, database: str) -> None:
    """Run the script; it leaves its tables in the database."""
    with duckdb.connect(database) as connection:
        for name, value in (("events", events), ("reference", reference), ("as_of", as_of)):
            connection.execute(f"set variable {name} = ?", [value])
        connection.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
