"""The example on real events: every figure that examples/road_fines/README.md ends with, by the query that it gives."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, SHARED, WITHOUT_TESTS, build, query

EXAMPLE = ROOT / "examples/road_fines"
pytestmark = pytest.mark.slow

LOG = SHARED / "data/road_fines/road_fines.parquet"

# As published or counted in the log itself, never by this project.
PUBLISHED = {
    "triggered cases": 150_370,
    "messages sent": 103_987,
    "delivered": 79_860,
    "cases with a payment": 69_715,
    "payment events": 77_601,
    "collected": 3_601_464.53,
    "postage": 1_242_539.04,
    "cases sent to collection": 59_013,
    "appeals raised": 4_743,
}
QUERIES = {
    "triggered cases": "select count(*) from marts.fct_case_journey",
    "messages sent": "select count(sent_at) from marts.fct_message",
    "delivered": "select count(delivered_at) from marts.fct_message",
    "cases with a payment": "select count(*) from marts.fct_case_journey where has_automated_payment",
    "payment events": "select count(*) from marts.fct_case_event where source_table = 'payments'",
    "collected": "select round(sum(net_collected), 2) from marts.fct_case_journey",
    "postage": "select round(sum(amount), 2) from marts.fct_charge where category = 'messaging'",
    "cases sent to collection": "select count(distinct case_id) from marts.fct_exception where reason = 'credit_collection'",
    "appeals raised": "select count(*) from marts.fct_exception where reason like 'appeal_to_%'",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not LOG.exists():
        pytest.skip(
            f"the road fines log is not part of the project and not at {LOG}: see examples/road_fines/README.md"
        )
    folder = tmp_path_factory.mktemp("road_fines")
    shutil.copytree(EXAMPLE / "reference", folder / "mapped/reference")
    mapping = ["--mapping", EXAMPLE / "mapping.csv", "--as-it-happened", "--out", folder / "mapped/events"]
    for module, arguments in {
        "scripts.map_log": [LOG, *mapping],
        "examples.road_fines.cost_rates": [LOG, folder / "mapped/reference"],
    }.items():
        subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, check=True)
    build(
        folder,
        {
            "events_path": folder / "mapped/events",
            "reference_path": folder / "mapped/reference",
            "reporting_timezone": "Europe/Rome",
            "reporting_currency": "EUR",
            "history_start": "1999-01-01",
        },
        *WITHOUT_TESTS,
    )
    return folder


@pytest.mark.parametrize("figure", PUBLISHED)
def test_published_figure(built: Path, figure: str) -> None:
    assert query(built, QUERIES[figure]) == [(PUBLISHED[figure],)]


def test_no_row_is_lost(built: Path) -> None:
    assert query(built, "select sum(duplicate_rows + quarantined_rows) from marts.rpt_row_reconciliation") == [(0,)]


def test_the_readme_says_the_same() -> None:
    last_paragraphs = re.sub(r"(\d),(\d)", r"\1\2", (EXAMPLE / "README.md").read_text())
    for figure, value in PUBLISHED.items():
        assert f"{value}" in last_paragraphs, figure
