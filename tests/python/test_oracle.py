"""Tests of what test_against_oracle.py relies on: hostile inputs reach every rule, and compare.py finds what differs.

That a rule is read right is asked of the SQL, in the unit tests beside the models; test_against_oracle.py compares the oracle with it.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
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
    """oracle.seed_reference: typed rows; the catalogue and kpis.md agree on what is good."""
    tables = oracle.seed_reference(Path(__file__).resolve().parents[2])
    assert {type(row["target"]) for row in tables["kpi_targets"]} == {float}
    assert {type(row["min_sample"]) for row in tables["alert_rules"]} <= {int, type(None)}
    directions = {row["kpi_id"]: (row["tier"], row["direction"]) for row in tables["kpi_catalog"]}
    assert directions == {
        kpi_id: (
            definition.tier,
            None if definition.tier == "diagnostic" else "lower" if kpi_id in oracle.LOWER_IS_BETTER else "higher",
        )
        for kpi_id, definition in oracle.KPIS.items()
    }


# Hostile inputs ------------------------------------------------------------------------------------------------------

SEEDS = range(200)


def canonical(rows: list[Row]) -> list[str]:
    """Rows as sorted text, sums rounded: their order and the order of summation do not matter."""
    return sorted(
        repr([(name, round(value, 6) if isinstance(value, float) else value) for name, value in sorted(row.items())])
        for row in rows
    )


@pytest.mark.slow
def test_hostile_inputs_reach_everything() -> None:
    """No crash; every row ends once; every reason, violation and KPI occurs; nothing undetermined is generated."""
    reasons, kinds, values, verdicts, risks = Counter(), Counter(), Counter(), Counter(), Counter()
    for seed in SEEDS:
        events, reference, variables = hostile.hostile_events(seed)
        tables = oracle.build(events, reference, variables)
        reasons.update((row["source_table"], row["reason"]) for row in tables["rpt_quarantined_event"])
        kinds.update(row["kind"] for row in tables["rpt_integrity_violation"])
        values.update(row["kpi_id"] for row in tables["rpt_kpi_weekly"] if row["value"] is not None)
        verdicts.update((row["kpi_id"], row["status"]) for row in tables["rpt_kpi_weekly"] if row["status"])
        rules = {row["rule_id"]: row["kind"] for row in reference["alert_rules"]}
        verdicts.update((rules[row["rule_id"]], row["is_confirmed"]) for row in tables["rpt_alert"])
        risks.update(row["waiting_for"] for row in tables["rpt_case_at_risk"])
        for row in tables["rpt_row_reconciliation"]:
            assert row["raw_rows"] == row["accepted_rows"] + row["duplicate_rows"] + row["quarantined_rows"]
        assert undetermined(events, reference, variables) == 0
    shared = ("missing_key", "missing_timestamp", "from_the_future", "before_history", "invalid_value")
    expected = {(table, reason) for table in oracle.EVENT_TABLES for reason in shared}
    expected |= {(table, "orphan_case") for table in oracle.EVENT_TABLES if table != "case_triggers"}
    expected |= {("writeback_acks", "orphan_reference"), ("agent_touches", "orphan_reference")}
    expected |= {("case_triggers", "unknown_workflow"), ("payments", "unknown_currency")}
    assert set(reasons) == expected
    assert set(kinds) == set(oracle.VIOLATIONS)
    assert set(values) == set(oracle.KPIS)
    statuses = ("no_target", "no_data", "too_little_data", "red", "amber", "green")
    judged = {kpi_id for kpi_id, definition in oracle.KPIS.items() if definition.tier != "diagnostic"}
    expected = {(kpi_id, status) for kpi_id in judged for status in statuses}
    expected |= {(kind, confirmed) for kind in ("below", "above", "drop", "rise") for confirmed in (True, False)}
    assert set(verdicts) == expected
    assert set(risks) == set(oracle.STAGES[1:])


def undetermined(events: dict, reference: dict, variables: Row) -> int:
    """Valid deliveries of one event with equal (`loaded_at`, `occurred_at`, `case_id`) and unequal payloads."""
    settings = oracle.settings_from(events, variables)
    tables = oracle.reference_from(reference)
    count = 0
    for table, rows in events.items():
        first: dict[tuple, Row] = {}
        for row in map(oracle.empty_to_null, rows):
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
            marks = ", ".join("?" * len(names))
            some = [list(row.values()) for row in rows]
            if some:
                connection.executemany(f"insert into marts.{table} values ({marks})", some)
        connection.commit()


def test_compare_finds_what_differs(tmp_path: Any) -> None:
    """compare.py: silent on equal tables; names table, key, column, got and expected otherwise."""
    inputs = hostile.hostile_events(5, cases=25)
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
