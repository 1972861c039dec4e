"""Case journeys and headline KPIs from the raw Parquet in one DuckDB script, duckdb.sql: EVENTS REFERENCE AS_OF OUT.

Leaves them in the database file OUT/rival.duckdb.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def main(events: Path, reference: Path, as_of: str, out: Path) -> None:
    """Run the script."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(out / "rival.duckdb")) as connection:
        for name, value in (("events", events), ("reference", reference), ("as_of", as_of)):
            connection.execute(f"set variable {name} = ?", [str(value)])
        connection.execute((Path(__file__).parent / "duckdb.sql").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
