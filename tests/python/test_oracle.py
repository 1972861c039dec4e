"""Tests of the oracle itself, and a sweep of hostile inputs."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import compare
import duckdb
import hostile
import oracle
import pytest

Row = dict[str, Any]


def test_seed_reference() -> None:
    """oracle.seed_reference: typed rows; the catalogue and the oracle agree on what is good."""
    tables = oracle.seed_reference(Path(__file__).resolve().parents[2])
    assert {type(row["target"]) for row in tables["kpi_targets"]} == {float}
    assert {type(row["min_sample"]) for row in tables["alert_rules"]} <= {int, type(None)}
    directions = {row["kpi_id"]: (row["tier"], row["direction"]) for row in tables["kpi_catalog"]}
    expected = {
        kpi_id: (
            definition.tier,
            None if definition.tier == "diagnostic" else "lower" if kpi_id in oracle.LOWER_IS_BETTER else "higher",
        )
        for kpi_id, definition in oracle.KPIS.items()
    }
    assert directions == expected


# Hostile inputs ------------------------------------------------------------------------------------------------------

SEEDS = range(160)


def canonical(rows: list[Row]) -> list[str]:
    """Rows as sorted text, sums rounded: their order and the order of summation do not matter."""
    return sorted(
        repr([(name, round(value, 6) if isinstance(value, float) else value) for name, value in sorted(row.items())])
        for row in rows
    )


def reached(reference: dict, tables: dict) -> Iterator[tuple]:
    """What one hostile input reaches, as (about what, …)."""
    for row in tables["rpt_quarantined_event"]:
        yield "reason", row["source_table"], row["reason"]
    for row in tables["rpt_integrity_violation"]:
        yield "violation", row["kind"]
    for row in tables["rpt_kpi_weekly"]:
        if row["value"] is not None:
            yield "value", row["kpi_id"]
        if row["status"]:
            yield "status", row["kpi_id"], row["status"]
        if row["is_certain"] is not None:
            yield "certain", row["status"], row["is_certain"]
    rules = {row["rule_id"]: row for row in (*reference["alert_rules"], *reference["signal_rules"])}
    for row in tables["rpt_alert"]:
        yield "alert", rules[row["rule_id"]]["kind"], row["is_confirmed"]
    for row in tables["rpt_open_case"]:
        yield "open", row["state"], row["stage"]
    for row in tables["rpt_kpi_period"]:
        if row["status"]:
            yield "period", row["period_kind"], row["status"]
    for row in tables["rpt_target_progress"]:
        yield "progress", row["progress"]
    for row in tables["rpt_change_effect"]:
        yield "change", row["verdict"]
    for row in tables["rpt_signal"]:
        yield "signal", row["kpi_id"], row["dimension"], rules[row["rule_id"]]["kind"]
        yield "signal", row["is_open"], row["reference"] is None, row["denominator"] == 0
    for row in tables["rpt_fix_priority"]:
        if row["touches_per_month"]:
            yield "fix", row["kind"], row["monthly_savings_per_engineering_hour"] is None
    for row in tables["rpt_savings_monthly"]:
        yield "savings", row["savings"] is None, row["is_provisional"]
    for row in tables["rpt_missing_evidence"]:
        yield "evidence", row["evidence_type"], row["resolution_path"]
    for row in tables["rpt_manual_effort_monthly"]:
        yield "effort", row["step_minutes"] is None, row["waste_minutes"] is None, row["waste_share"] == 1
    for row in tables["rpt_backlog_daily"]:
        yield from (("backlog", name) for name in ("opening", "resolved", "closed", "overdue") if row[name])
    for row in tables["rpt_funnel_weekly"]:
        yield "funnel", row["stage"], row["skipped_cases"] > 0
    for row in tables["fct_case_event"]:
        yield "activity", row["activity"]
    for row in tables["fct_case_journey"]:
        yield "path", row["resolution_path"], row["due_at_source"], row["closed_at"] is None
        yield "case", row["is_evidence_complete"], row["is_straight_through"]
        yield "due", row["is_closed_unresolved"], row["is_due"], row["is_time_breach"]
        yield "owed", row["amount_due"] is None, row["customer_timezone"] is None
    for row in tables["fct_writeback"]:
        yield "written", row["was_verified"], row["is_reversed"], row["is_verified"], row["is_double_written"]
    for row in tables["fct_agent_touch"]:
        known = [row[name] is not None for name in ("handle_minutes", "wrap_up_minutes")]
        yield "touch", *known, row["agent_cost"] is None


def to_be_reached() -> set[tuple]:
    """All of reached() that there is, or that matters."""
    both, kinds = (True, False), ("drop", "rise")
    shared = ("missing_key", "missing_timestamp", "from_the_future", "before_history", "invalid_value")
    judged = {kpi_id for kpi_id, definition in oracle.KPIS.items() if definition.tier != "diagnostic"}
    statuses = ("no_target", "provisional", "no_data", "too_little_data", "red", "amber", "green")
    children = set(oracle.EVENT_TABLES) - {"case_triggers"}
    found = {("reason", table, reason) for table in oracle.EVENT_TABLES for reason in shared}
    found |= {("reason", table, "orphan_case") for table in children}
    found |= {("reason", table, "orphan_reference") for table in ("writeback_acks", "agent_touches")}
    found |= {("reason", table, "unknown_currency") for table in ("case_triggers", "payments")}
    found |= {("reason", "case_triggers", "unknown_workflow")}
    found |= {("violation", kind) for kind in oracle.VIOLATIONS}
    found |= {("value", kpi_id) for kpi_id in oracle.KPIS}
    found |= {("status", kpi_id, status) for kpi_id in judged for status in statuses}
    found |= {("certain", status, certain) for status in ("red", "amber", "green") for certain in both}
    found |= {("alert", kind, confirmed) for kind in ("below", "above", *kinds) for confirmed in both}
    states = ("overdue", "at_risk", "on_track")
    found |= {("open", state, stage) for state in states for stage in oracle.STAGES[:-1]}
    found |= {("period", kind, status) for kind in ("rolling_4_weeks", "month", "quarter") for status in statuses}
    progress = ("no_data", "met", "missed", "too_early", "on_track", "off_track")
    found |= {("progress", name) for name in progress}
    verdicts = ("too_early", "too_little_data", "better", "worse", "unclear", "no_interval")
    found |= {("change", verdict) for verdict in verdicts}
    series = [
        (kpi_id, dimension) for kpi_id, dimensions in oracle.SIGNAL_DIMENSIONS.items() for dimension in dimensions
    ]
    found |= {("signal", *watched, kind) for watched in series for kind in kinds}
    # Open, a day that is silent, a day without units.
    found |= {("signal", True, False, False), ("signal", False, False, False), ("signal", False, False, True)}
    found |= {("signal", False, True, False)}
    found |= {("fix", kind, free) for kind in ("exception_reason", "error_reason", "routine_touch") for free in both}
    found |= {("savings", unknown, provisional) for unknown in both for provisional in both}
    found |= {("evidence", kind, path) for kind in oracle.REQUIRED_EVIDENCE for path in PATHS}
    found |= {("effort", *known) for known in ((False, False, False), (False, False, True), (False, True, False))}
    found |= {("effort", True, True, False), ("effort", True, False, False)}
    found |= {("backlog", name) for name in ("opening", "resolved", "closed", "overdue")}
    found |= {("funnel", stage, skipped) for stage in oracle.STAGES[1:-1] for skipped in both}
    found |= {("funnel", stage, False) for stage in (oracle.STAGES[0], oracle.STAGES[-1])}
    for table, column in oracle.ACTIVITY_COLUMN.items():
        found |= {("activity", f"{table}.{value}") for value in oracle.CONTRACT[table][column].allowed}
    found |= {("activity", f"{table}.{name}") for table, name in oracle.FIXED_ACTIVITY.items()}
    sources = ("case", "workflow")
    found |= {("path", path, source, True) for path in PATHS if path != "closed" for source in sources}
    found |= {("path", path, source, False) for path in PATHS if path != "open" for source in sources}
    found |= {("case", complete, straight) for complete in (True, False, None) for straight in both}
    # Closed in time is not due; due is either on time or not; what is not due has no breach.
    found |= {("due", True, False, False), ("due", True, True, True)}
    found |= {("due", False, False, False), ("due", False, True, False), ("due", False, True, True)}
    found |= {("owed", unknown, nowhere) for unknown in both for nowhere in both}
    found |= {("written", False, False, False, double) for double in both}
    found |= {
        ("written", True, *after, double) for after in ((False, True), (True, True), (True, False)) for double in both
    }
    found |= {("touch", True, True, free) for free in both}
    return found | {("touch", True, False, True), ("touch", False, True, True), ("touch", False, False, True)}


PATHS = ("in_message", "assisted", "self_cured", "closed", "open")


@pytest.mark.slow
def test_hostile_inputs_reach_everything() -> None:
    """No crash; every row ends once; everything of to_be_reached() is, and no more; nothing undetermined is generated."""
    found: set[tuple] = set()
    zones, absent = set(), Counter()
    for seed in SEEDS:
        events, reference, variables = hostile.hostile_events(seed)
        tables = oracle.build(events, reference, variables)
        found.update(reached(reference, tables))
        zones.update(row["customer_timezone"] for row in tables["fct_case_journey"])
        absent.update(
            (table, name)
            for table, rows in events.items()
            for name in (oracle.CONTRACT[table] if rows else ())
            if name not in rows[0]
        )
        for row in tables["rpt_row_reconciliation"]:
            assert row["raw_rows"] == row["accepted_rows"] + row["duplicate_rows"] + row["quarantined_rows"]
        for row in tables["rpt_backlog_daily"]:
            assert row["opening"] + row["triggered"] - row["resolved"] - row["closed"] == row["closing"]
        assert undetermined(events, reference, variables) == 0
        assert near_thresholds(events, reference, variables) == 0
    expected = to_be_reached()
    assert expected - found == set()
    # Of these only what is expected may occur.
    closed = ("reason", "violation", "value", "status", "alert", "open", "progress", "change", "path", "due", "written")
    assert {item for item in found - expected if item[0] in closed} == set()
    assert zones >= {*hostile.CUSTOMER_ZONES, None}
    optional = {(table, name) for table, names in hostile.OPTIONAL_COLUMNS.items() for name in names}
    assert set(absent) == optional


def near_thresholds(events: dict, reference: dict, variables: Row) -> int:
    """Days whose score is so near to the threshold that the order of a sum could decide."""
    settings = oracle.settings_from(events, variables)
    tables = oracle.reference_from(reference)
    world = oracle.build_world(oracle.sort_rows(events, tables, settings).accepted, tables, settings)
    units = oracle.contributions(world)
    return sum(
        abs(day["score"] - oracle.signal_threshold(rule)) < 1e-7
        for rule in tables.signal_rules
        for daily in oracle.signal_series(rule, units, world).values()
        for day in oracle.series_scores(rule, daily, world)
    )


def undetermined(events: dict, reference: dict, variables: Row) -> int:
    """Valid deliveries of one event with equal (`loaded_at`, `occurred_at`, `case_id`) and unequal payloads."""
    settings = oracle.settings_from(events, variables)
    tables = oracle.reference_from(reference)
    count = 0
    for table, rows in events.items():
        first: dict[tuple, Row] = {}
        for row in (oracle.read_row(table, row) for row in rows):
            if oracle.is_visible(row, settings) and oracle.quarantine_reason(table, row, tables, settings) is None:
                key = (row["event_id"], row["loaded_at"], row["occurred_at"], row["case_id"])
                count += first.setdefault(key, row) != row
    return count


@pytest.mark.parametrize("seed", range(0, 200, 40))
def test_order_does_not_matter(seed: int) -> None:
    """README.md, principle 7: shuffled rows give the same result."""
    events, reference, variables = hostile.hostile_events(seed)
    before = oracle.build(events, reference, variables)
    for rows in [*events.values(), *reference.values()]:
        random.Random(seed).shuffle(rows)
    after = oracle.build(events, reference, variables)
    assert {name: canonical(rows) for name, rows in before.items()} == {
        name: canonical(rows) for name, rows in after.items()
    }


def test_same_seed_same_input() -> None:
    """hostile.py: an input can be made again from its seed."""
    first, second = hostile.hostile_events(3), hostile.hostile_events(3)
    assert repr(first) == repr(second)


def test_parquet_keeps_every_value(tmp_path: Any) -> None:
    """hostile.py: what is read back from the files is what was generated."""
    for seed in range(4):
        events, reference, _ = hostile.hostile_events(seed)
        folder = str(tmp_path / str(seed))
        hostile.write_parquet(events, folder)
        hostile.write_reference_csv(reference, folder)
        for table, rows in events.items():
            found = duckdb.execute(f"select * from read_parquet('{folder}/{table}.parquet')")
            names = [column[0] for column in found.description]
            read = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            assert sorted(map(repr, read)) == sorted(repr({name: row[name] for name in names}) for row in rows)


# compare.py ----------------------------------------------------------------------------------------------------------


def duckdb_type(values: list) -> str:
    """A column type that holds some values."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and float in kinds:
        return "double"
    names = {bool: "boolean", int: "bigint", dt.datetime: "timestamp", dt.date: "date", Decimal: "decimal(18,2)"}
    return names.get(kinds.pop(), "varchar") if kinds else "varchar"


def write_marts(path: str, tables: dict[str, list[Row]]) -> None:
    """The oracle's tables as the schema `marts` of a DuckDB file."""
    with duckdb.connect(path) as connection:
        connection.begin()
        connection.execute("create schema marts")
        for table, rows in tables.items():
            names = list(rows[0]) if rows else list(compare.NATURAL_KEYS[table])
            columns = ", ".join(f'"{name}" {duckdb_type([row[name] for row in rows])}' for name in names)
            connection.execute(f"create table marts.{table} ({columns})")
            marks = f"({', '.join('?' * len(names))})"
            # Some hundred rows a statement: one at a time takes a minute.
            for first in range(0, len(rows), 200):
                some = rows[first : first + 200]
                values = [value for row in some for value in row.values()]
                connection.execute(f"insert into marts.{table} values {', '.join([marks] * len(some))}", values)
        connection.commit()


def test_compare_finds_what_differs(tmp_path: Any) -> None:
    """compare.py: silent on equal tables; names table, key, column, got and expected otherwise."""
    inputs = hostile.hostile_events(0, cases=25)
    tables = oracle.build(*inputs)
    path = str(tmp_path / "figures.duckdb")
    write_marts(path, tables)
    assert compare.differences(path, tables) == []
    with duckdb.connect(path) as connection:
        connection.execute("update marts.fct_case_journey set agent_minutes = agent_minutes + 1e-6 where is_due")
        connection.execute("update marts.fct_message set sent_at = sent_at + interval 1 microsecond")
        connection.execute("delete from marts.fct_charge where category = 'platform'")
        connection.execute("insert into marts.rpt_integrity_violation values ('double_write', null)")
        connection.execute("update marts.fct_kpi_contribution set unit_id = 'any' where unit_id is null")
        connection.execute("alter table marts.rpt_funnel_weekly drop column cases")
        connection.execute("drop table marts.fct_exception")
    found = compare.differences(path, tables)
    due = sum(row["is_due"] for row in tables["fct_case_journey"])
    assert sum("fct_case_journey" in line and "agent_minutes: got" in line for line in found) == min(due, 20)
    assert any(line.startswith("fct_message [") and " sent_at: got " in line for line in found)
    assert any(line.startswith("fct_charge [") and "missing row" in line for line in found)
    assert any("double_write" in line and "unexpected row" in line for line in found)
    assert not any("fct_kpi_contribution" in line for line in found)
    assert "rpt_funnel_weekly: there is no column cases" in found
    assert "fct_exception: there is no such table in the schema marts" in found
