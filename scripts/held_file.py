"""What to do when another program has the DuckDB file open: `make build` asks before it begins.

DuckDB's own words are the last line of a long trace, and say who holds the file, not what to do.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Held:
    """A file that another program has open. by: that program's process in parentheses, where DuckDB tells it."""

    file: str
    by: str


def holder(error: str) -> Held | None:
    """Who holds the file, from an error of DuckDB or the output of dbt that has it; none where the file isn't held. error: its text."""
    held = re.search(r'Could not set lock on file "(?P<file>[^"]*)"(?:.*?\bPID (?P<pid>\d+))?', error)
    return held and Held(held["file"], f" (process {held['pid']})" if held["pid"] else "")


def advice(error: str) -> str | None:
    """What to do about an error that says that the file is held; none where it isn't. error: its text."""
    held = holder(error)
    if held is None:
        return None
    return (
        f"Another program{held.by} has {held.file} open. Nothing was built: close that program, or let it read a copy of the file, "
        "and run this again."
    )


def main() -> int:
    """1, with the advice, where another program holds the file that CLOSED_LOOP_DUCKDB names; any other fault is left to dbt."""
    file = Path(os.environ.get("CLOSED_LOOP_DUCKDB", "closed_loop.duckdb"))
    if not file.is_file():
        return 0
    try:
        duckdb.connect(str(file)).close()
    except duckdb.Error as error:
        if told := advice(str(error)):
            print(told, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
