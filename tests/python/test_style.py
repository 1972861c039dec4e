"""The style of SQL and Python: sqlfluff with the dbt templater (`make lint` runs it too), and ruff."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import ROOT

LINTED = ["models", "tests/singular", "tests/macros", "analyses"]


def test_sql_is_tidy() -> None:
    """What can be seen without sqlfluff, which takes minutes."""
    found = []
    for path in sorted(path for folder in LINTED for path in (ROOT / folder).rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT)
        if not text.endswith("\n") or text.endswith("\n\n"):
            found.append(f"{name}: ends otherwise than with one line break")
        for number, line in enumerate(text.splitlines(), start=1):
            if line != line.rstrip() or "\t" in line:
                found.append(f"{name}:{number}: a tab, or blanks at its end")
    assert not found, "\n".join(found)


class OnceOnly(yaml.SafeLoader):
    """Raises where a mapping has a key twice: YAML takes the last one, and the first says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        assert len(keys) == len(set(keys)), f"twice in one mapping, line {node.start_mark.line + 1}: {keys}"
        return super().construct_mapping(node, deep)


def test_no_key_is_written_twice() -> None:
    places = ["*.yml", *(f"{name}/**/*.yml" for name in ("models", "macros", "seeds", "tests", "analyses", "gates"))]
    for path in sorted(path for place in places for path in ROOT.glob(place)):
        yaml.load(path.read_text(encoding="utf-8"), OnceOnly)


@pytest.mark.slow
def test_sqlfluff_is_clean(tmp_path: Path) -> None:
    # The templater compiles the models on a database of its own; a user's closed_loop.duckdb may be open elsewhere.
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "sqlfluff",
            "lint",
            "--disable-progress-bar",
            *LINTED,
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
