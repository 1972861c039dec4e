"""Adding a KPI is an entry and a row: CONTRIBUTING.md, "Adding a KPI", done in a copy of the project, which builds with all its tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from project import ROOT, build, query

ENTRY = """
        'message_delivery_rate': {
            'is_diagnostic': true, 'kind': 'rate', 'of': 'messages', 'clock': 'sent_at',
            'numerator': 'delivered_at is not null', 'denominator': 'sent_at is not null',
        },
"""
ROW = (
    "message_delivery_rate,Message delivery rate,diagnostic,rate,,When sent (sent_at),Messages delivered,Messages sent,,41,"
    "The share of messages that arrived.\n"
)


@pytest.mark.slow
def test_an_entry_and_a_row_are_all(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("models", "macros", "seeds", "tests", "analyses"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("python"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project / name)
    definitions = project / "macros/kpi/kpi_definitions.sql"
    before = "        'handle_time_mean': {"
    text = definitions.read_text(encoding="utf-8")
    assert text.count(before) == 1
    definitions.write_text(text.replace(before, ENTRY.lstrip("\n") + before), encoding="utf-8")
    with (project / "seeds/reference/kpi_catalog.csv").open("a", encoding="utf-8") as catalog:
        catalog.write(ROW)

    build(tmp_path, None, project=project, artifacts=True)
    counted = "select sum(numerator), sum(denominator) from marts.rpt_kpi_weekly where kpi_id = 'message_delivery_rate'"
    messages = "select count(case when delivered_at is not null then 1 end), count(*) from marts.fct_message where sent_at is not null"
    for workflow in ("workflow = '(all)'", "workflow <> '(all)'"):
        assert query(tmp_path, f"{counted} and cohort_dimension = 'all' and {workflow}") == query(tmp_path, messages)
    # Whoever looks for it in the SQL that ran finds the line that counts it.
    compiled = tmp_path / "target/compiled/closed_loop/models/intermediate/kpi/int_kpi__sums_of_messages.sql"
    line = "count(case when sent_at is not null and delivered_at is not null then 1 end) as message_delivery_rate_numerator"
    assert line in compiled.read_text(encoding="utf-8")
