"""What was published as final is kept, and every later difference is explained: loads in three steps."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest
from made_events import WORKFLOW_COLUMNS, Events, workflow, write_csv
from project import WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, database, query

FIRST, SECOND, THIRD = "2026-03-12 00:00:00", "2026-03-21 00:00:00", "2026-03-26 00:00:00"
# Tests of what comes before the published figures.
UNRELATED = ("--exclude", "tag:staged", "tag:steps")
WORKFLOW = workflow("pay", "billing", "Ops", 24, "hours", "", False, False, False, True, 7)


def late_events() -> Events:
    """Writeback success of the week of 2026-03-02: 0 of 1, then a late acknowledgement makes it 1 of 1, then a late trigger
    brings in its orphaned writeback, and it is 1 of 2."""
    events = Events()
    events.add("case_triggers", "a", "2026-03-02 09:00")
    events.add("writeback_attempts", "a", "2026-03-02 10:00")
    events.add("writeback_acks", "a", "2026-03-02 10:05", loaded_at="2026-03-20 12:00")
    events.add("case_triggers", "b", "2026-03-03 09:00", loaded_at="2026-03-25 12:00")
    events.add("writeback_attempts", "b", "2026-03-03 10:00")
    return events


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, object]:
    late_events().write(tmp_path / "events")
    write_csv(tmp_path / "reference/workflows.csv", WORKFLOW_COLUMNS, [WORKFLOW])
    return {"events_path": tmp_path / "events", "reference_path": tmp_path / "reference"}


def restated(folder: Path) -> list[tuple[object, ...]]:
    return query(
        folder,
        """
        select published_value, published_as_of, restated_value, restated_as_of from marts.rpt_kpi_restatement
        where kpi_id = 'writeback_success_rate' and week_start = '2026-03-02' and workflow = '(all)'
        """,
    )


def published(folder: Path) -> list[tuple[object, ...]]:
    return sorted(query(folder, "select * from history.kpi_first_published"), key=repr)


@pytest.mark.slow
def test_three_loads(tmp_path: Path, variables: dict[str, object]) -> None:
    build(tmp_path, {**variables, "as_of": FIRST}, *WITHOUT_TESTS)
    assert restated(tmp_path) == []

    build(tmp_path, {**variables, "as_of": SECOND}, *WITHOUT_TESTS)
    first, second, third = (dt.datetime.fromisoformat(moment) for moment in (FIRST, SECOND, THIRD))
    assert restated(tmp_path) == [(0.0, first, 1.0, second)]
    kept = published(tmp_path)

    # The same moment again publishes nothing, although there is something: the cells of a new workflow. Of an earlier one: test_faults.py.
    write_csv(tmp_path / "reference/workflows.csv", WORKFLOW_COLUMNS, [WORKFLOW, {**WORKFLOW, "workflow": "new"}])
    build(tmp_path, {**variables, "as_of": SECOND}, *WITHOUT_TESTS)
    assert published(tmp_path) == kept
    new_and_final = "cohort_dimension = 'all' and workflow = 'new' and not is_provisional"
    assert query(tmp_path, f"select count(*) > 0 from marts.rpt_kpi_weekly where {new_and_final}") == [(True,)]

    # What was published outlives the marts and a full refresh.
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute("drop schema marts cascade")
    build(tmp_path, {**variables, "as_of": THIRD}, "--full-refresh", *WITHOUT_UNIT_TESTS, *UNRELATED)
    assert restated(tmp_path) == [(0.0, first, 0.5, third)]
    assert set(kept) <= set(published(tmp_path))
