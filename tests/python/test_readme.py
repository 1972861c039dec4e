"""The README's figures are the demo's: each query in it that is followed by a table gives just that table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project import ROOT, query

README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```sql\n(.*?)```\n\n((?:\|[^\n]*\n)+)", README, flags=re.DOTALL)


def test_the_readme_shows_figures() -> None:
    assert len(SHOWN) == 5


@pytest.mark.parametrize(("sql", "table"), SHOWN)
def test_shown_figures(demo: Path, sql: str, table: str) -> None:
    shown = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in table.splitlines()]
    assert [tuple(str(cell) for cell in row) for row in query(demo, sql)] == shown[2:]
