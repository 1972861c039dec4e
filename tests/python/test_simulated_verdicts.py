"""How often a week of one workflow is red and certain although nothing has changed: scripts/simulate_verdicts.py, and its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import simulate_verdicts

PAGE = simulate_verdicts.PAGE.read_text(encoding="utf-8")


def test_at_most_5_percent_of_the_verdicts_are_red_and_certain() -> None:
    [share] = re.findall(r"\| red and certain \| [\d,]+ \| ([\d.]+) % \|", PAGE)
    assert float(share) <= 5


@pytest.mark.slow
def test_the_page_shows_what_the_script_gives(tmp_path: Path) -> None:
    for name, text in simulate_verdicts.blocks(tmp_path).items():
        assert f"<!-- simulated: {name} -->\n\n{text}\n\n<!-- end -->" in PAGE
