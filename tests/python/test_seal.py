"""The seal names every table that is not as the last complete build left it: faults in each sealed table, then in the seal itself.

The query is that of the integrity gate, as dbt compiles it. Faults in different tables are put in together and rolled back; the seal has to
name exactly the tables with a fault.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import GateQueries
from project import WITHOUT_TESTS, build, database, query

# Table -> faults in it; {} is the table. Each changes at least one row. The seal hashes whole rows: a few of each kind are enough.
FAULTS = {
    "history.kpi_first_published": [
        "update {} set published_value = published_value + 1e-9 where kpi_id = 'completion_rate' and workflow = '(all)'",
        "delete from {} where week_start = '2026-03-16'",
        "insert into {} select kpi_id, week_start + 1000, workflow, published_value, published_as_of from {} limit 1",
    ],
    "history.build_log": ["delete from {} where build_number = 1", "update {} set is_full_rebuild = false where build_number = 1"],
    "history.build_reads": [
        "update {} set loaded_until = loaded_until - interval 1 day where source_table = 'payments'",
        "delete from {} where source_table = 'exceptions'",
    ],
    "history.build_inputs": ["insert into {} (build_number, kind) values (0, 'start')", "update {} set content = 'x' where name = 'text'"],
    "marts.rpt_alert": ["update {} set severity = 'warn' where severity = 'page'", "delete from {} where is_confirmed"],
    "marts.rpt_kpi_weekly": [
        "update {} set target = target - 0.01 where kpi_id = 'completion_rate' and cohort_dimension = 'all'",
        "update {} set baseline_value = null",
    ],
    "marts.rpt_funnel_weekly": [
        "update {} set median_minutes_from_trigger = median_minutes_from_trigger + 1 where stage = 'writeback_succeeded'",
        "delete from {} where stage_number = 3",
    ],
    "intermediate.int_case__assembled": [
        "update {} set due_at = due_at + interval 1 day",
        "update {} set net_collected = 2 * net_collected where net_collected > 0",
    ],
    "marts.rpt_integrity_violation": [
        "delete from {} where kind = 'double_write'",
        "update {} set detail = detail || '.' where kind = 'missing_rate'",
        "insert into {} select * from {} limit 1",
    ],
    "marts.rpt_manual_effort_monthly": ["update {} set preventable_touches = 0", "update {} set wrap_up_cost = wrap_up_cost + 0.01"],
    "marts.dim_workflow": ["update {} set owner = 'Someone else'", "update {} set requires_consent = not requires_consent"],
    "marts.dim_kpi": [
        "update {} set title = upper(title)",
        "update {} set direction = case direction when 'higher' then 'lower' else 'higher' end",
    ],
    "marts.rpt_cost_weekly": [
        "update {} set agent_cost = total_cost, total_cost = agent_cost",
        "update {} set cost_per_resolved_case = null where week_start = '2026-03-16'",
    ],
    "marts.rpt_scorecard_weekly": [
        "update {} set completion_rate_status = 'green'",
        "update {} set deflection_rate = containment_rate, containment_rate = deflection_rate where deflection_rate <> containment_rate",
    ],
    "marts.rpt_open_case": [
        "update {} set minutes_left = minutes_left + 60",
        "delete from {} where case_id = (select min(case_id) from {})",
    ],
    "marts.rpt_definition_bridge": ["update {} set units = units + 1 where step_number = 1", "delete from {} where workflow <> '(all)'"],
    "marts.rpt_row_reconciliation": ["update {} set raw_rows = raw_rows - 1, accepted_rows = accepted_rows - 1"],
    "marts.rpt_time_to_resolution_curve": ["update {} set median_minutes = p90_minutes", "update {} set at_risk_cases = at_risk_cases + 1"],
    "marts.rpt_kpi_coverage": ["update {} set coverage = 'none' where coverage = 'partial'", "update {} set gaps = null"],
    "marts.rpt_writeback_health_weekly": [
        "update {} set top_error_reason = null",
        "update {} set settled = verified where settled <> verified",
    ],
    "marts.rpt_kpi_restatement": ["insert into {} values ('completion_rate', '2026-03-16', '(all)', 0.5, '2026-04-01', 0.6, '2026-06-01')"],
    # What public views read.
    "intermediate.int_message__assembled": ["update {} set sent_at = sent_at + interval 14 hour", "delete from {} where is_fallback"],
    "intermediate.int_writeback__verified": [
        "update {} set is_retried = false",
        "update {} set persist_seconds = persist_seconds + 1e-6 where persist_seconds is not null",
    ],
    "intermediate.int_exception__assembled": ["update {} set is_escaped = not is_escaped"],
    "intermediate.int_agent_touch__handled": ["update {} set handle_minutes = handle_minutes * 2", "delete from {} where logins > 0"],
    "intermediate.int_rate__daily": ["update {} set amount = amount * 2 where category = 'agent'"],
    "intermediate.int_fixed_cost__shared": ["update {} set category = 'agent' where category <> 'agent'"],
    "intermediate.int_identity_check__counted": ["delete from {} where case_id = (select max(case_id) from {})"],
    "staging.base_events__payments": ["update {} set amount = amount + 1 where row_status = 'quarantined'"],
    "staging.base_events__case_triggers": ["delete from {} where row_status = 'quarantined'"],
    "staging.base_events__writeback_acks": ["update {} set ack_id = ack_id || 'x' where ack_id = (select max(ack_id) from {})"],
}  # fmt: skip


class Sealed:
    """A database and what the seal says of it."""

    def __init__(self, folder: Path, query: str) -> None:
        self.folder, self.query = folder, query

    def found(self, *statements: str) -> dict[str, str]:
        """What the seal names after some statements, each with the problem; the database is left as it was."""
        with duckdb.connect(str(database(self.folder))) as connection:
            connection.execute("begin")
            for statement in statements:
                assert connection.execute(statement).fetchall()[0][0] > 0, f"changes nothing: {statement}"
            rows = connection.sql(self.query).fetchall()
            connection.execute("rollback")
        return dict(rows)


@pytest.fixture(scope="module")
def rebuilt(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, built a second time."""
    folder = tmp_path_factory.mktemp("rebuilt")
    shutil.copy(database(demo), database(folder))
    build(folder, None, *WITHOUT_TESTS)
    return folder


@pytest.fixture(scope="module")
def sealed(rebuilt: Path, gate_queries: GateQueries) -> Sealed:
    return Sealed(rebuilt, gate_queries["integrity"]["seal"]["rows"])


def test_building_again_changes_nothing(demo: Path, rebuilt: Path) -> None:
    """Asked in SQL: the rows of the demo are many."""
    names = "select table_name from information_schema.tables where table_schema = 'marts' order by all"
    assert query(rebuilt, names) == query(demo, names)
    with duckdb.connect(str(database(rebuilt)), read_only=True) as connection:
        connection.execute(f"attach '{database(demo)}' as demo (read_only)")
        # A view is read where it is.
        for (table,) in query(demo, names):
            connection.execute("use demo")
            connection.execute(f"create or replace temporary table before as from marts.{table}")
            connection.execute(f"use {database(rebuilt).stem}")
            connection.execute(f"create or replace temporary table after as from marts.{table}")
            differing = "(from before except all from after) union all (from after except all from before)"
            assert connection.sql(differing).fetchall() == [], table


def test_what_a_build_left_is_as_it_left_it(rebuilt: Path, sealed: Sealed) -> None:
    assert sealed.found() == {}
    assert query(rebuilt, "select distinct build_number from history.build_seal order by all") == [(1,), (2,)]


@pytest.mark.parametrize("number", range(max(map(len, FAULTS.values()))))
def test_every_table_with_a_fault_is_named(sealed: Sealed, number: int) -> None:
    """The faults of one number in all tables at once; none names a table without one."""
    faults = {table: statements[number] for table, statements in FAULTS.items() if number < len(statements)}
    found = sealed.found(*(statement.replace("{}", table) for table, statement in faults.items()))
    named = {table.split(".")[1] for table in faults}
    assert named == found.keys(), named ^ found.keys()


def test_every_sealed_table_is_emptied(sealed: Sealed) -> None:
    tables = query(
        sealed.folder,
        "select table_schema || '.' || table_name from information_schema.tables join history.build_seal on table_name = model_name "
        "where build_number = 2 and row_count > 0 and table_type = 'BASE TABLE' and table_name <> 'build_inputs'",
    )
    assert len(tables) > 30
    found = sealed.found(*(f"delete from {table}" for (table,) in tables))
    assert {table.split(".")[1] for (table,) in tables} <= found.keys()
    assert found["rpt_alert"].startswith("has 0 rows; the last complete build left ")


# Faults in history.build_seal and in the starts of build_inputs, after two builds.
IN_THE_SEAL = {
    "an old entry changed": "update {} set row_count = row_count + 1 where build_number = 1 and model_name = 'rpt_alert'",
    "an old entry gone": "delete from {} where build_number = 1 and model_name = 'rpt_alert'",
    "an old entry twice": "insert into {} select * from {} where build_number = 1 limit 1",
    "the first build gone": "delete from {} where build_number = 1",
    "the last build gone": "delete from {} where build_number = 2",
    "all gone": "delete from {}",
    "another number": "update {} set build_number = 3 where build_number = 2",
    "another hash of the one before": "update {} set previous_hash = 'x' where build_number = 2 and model_name = 'dim_kpi'",
    "another moment": "update {} set as_of = as_of + interval 1 hour where build_number = 2",
    "another engine": "update {} set engine = 'v1.0' where build_number = 2",
    "another hash": "update {} set content_hash = 'x' where build_number = 2 and model_name = 'dim_kpi'",
    "an entry gone": "delete from {} where build_number = 2 and model_name = 'dim_kpi'",
    "an entry twice": "insert into {} select * from {} where build_number = 2 and model_name = 'dim_kpi'",
    "an entry too many": "insert into {} select * replace ('x' as model_name) from {} where build_number = 2 limit 1",
    "a build that did not finish": "insert into history.build_inputs (build_number, kind) values (3, 'start')",
    "a build that never began": "delete from history.build_inputs where kind = 'start' and build_number = 2",
}


@pytest.mark.parametrize("fault", IN_THE_SEAL)
def test_the_seal_itself(sealed: Sealed, fault: str) -> None:
    assert sealed.found(IN_THE_SEAL[fault].replace("{}", "history.build_seal")) != {}
