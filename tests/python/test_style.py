"""The style of SQL and Python: sqlfluff with the dbt templater, and ruff."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from project import ROOT


def test_sqlfluff_is_clean(tmp_path: Path) -> None:
    # The templater compiles the models on a database of its own; a user's closed_loop.duckdb may be open elsewhere.
    paths = ["models", "tests/singular", "tests/macros", "analyses"]
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "sqlfluff",
            "lint",
            "--disable-progress-bar",
            *[p for p in paths if any((ROOT / p).rglob("*.sql"))],
        ],
        cwd=ROOT,
        env={**os.environ, "CLOSED_LOOP_DUCKDB": str(tmp_path / "lint.duckdb")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


def test_ruff_is_clean() -> None:
    for command in (["check"], ["format", "--check", "--diff"]):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
