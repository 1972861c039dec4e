"""The style of SQL and Python: sqlfluff with the dbt templater, and ruff."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from project import ROOT, dbt


def test_sqlfluff_is_clean(tmp_path: Path) -> None:
    # The templater compiles the models: it needs the seeds' relations to be known, not to be filled.
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


def test_dbt_parses_without_a_warning(tmp_path: Path) -> None:
    result = dbt("parse", "--no-partial-parse", "--show-all-deprecations", folder=tmp_path)
    assert result.returncode == 0, result.stdout[-3000:]
    assert "WARNING" not in result.stdout.upper().replace("[WARNING]: DEPRECATED", "WARNING"), result.stdout[-3000:]
