"""Compare the project's tables in a DuckDB file with those of the oracle.

``differences(path, oracle.build(...))`` is empty when every table of the oracle equals the table of the same name in
the schema ``marts``, on the oracle's columns: rows as multisets keyed by natural keys, numbers within 1e-9 (absolute
or relative), everything else exactly, NULL equal to NULL.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

TOLERANCE = 1e-9

NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    "fct_case_journey": ("case_id",),
    "fct_writeback": ("case_id", "idempotency_key"),
    "fct_exception": ("exception_id",),
    "fct_message": ("case_id", "message_id"),
    "fct_agent_touch": ("event_id",),
    "fct_identity_check": ("event_id",),
    "fct_evidence": ("event_id",),
    "fct_payment": ("event_id",),
    "fct_closure": ("event_id",),
    "fct_case_event": ("source_table", "event_id"),
    "fct_charge": ("case_id", "category", "is_fixed", "charged_at"),
    "fct_kpi_contribution": ("kpi_id", "case_id", "unit_id", "clock_at"),
    "rpt_kpi_weekly": ("week_start", "workflow", "cohort_dimension", "cohort_value", "kpi_id"),
    "rpt_kpi_period": ("period_kind", "period_start", "workflow", "kpi_id"),
    "rpt_target_progress": ("kpi_id", "workflow", "due_date"),
    "rpt_change_effect": ("change_id",),
    "rpt_signal": ("rule_id", "workflow", "dimension_value", "day"),
    "rpt_savings_monthly": ("month", "workflow"),
    "rpt_fix_priority": ("fix_id",),
    "rpt_scorecard_weekly": ("week_start", "workflow"),
    "rpt_funnel_weekly": ("week_start", "workflow", "cohort_dimension", "cohort_value", "stage"),
    "rpt_writeback_health_weekly": ("week_start", "target_system", "adapter"),
    "rpt_alert": ("rule_id", "week_start", "workflow"),
    "rpt_open_case": ("case_id",),
    "rpt_backlog_daily": ("day", "workflow"),
    "rpt_missing_evidence": ("case_id", "evidence_type"),
    "rpt_manual_effort_monthly": ("month", "workflow"),
    "rpt_integrity_violation": ("kind", "case_id"),
    "rpt_quarantined_event": ("source_table", "event_id", "case_id", "reason", "occurred_at", "loaded_at"),
    "rpt_row_reconciliation": ("source_table",),
    "dim_workflow": ("workflow",),
    "rpt_kpi_coverage": ("kpi_id",),
    "dim_kpi": ("kpi_id",),
    "dim_date": ("date_day",),
    "dim_run": (),
}


def is_number(value: Any) -> bool:
    """Numbers are int, float and Decimal; a boolean is not one."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def numbers_equal(got: Any, expected: Any) -> bool:
    """Exactly, or within the tolerance, absolute or relative."""
    if got == expected:
        return True
    a, b = float(got), float(expected)
    return abs(a - b) <= max(TOLERANCE, TOLERANCE * max(abs(a), abs(b)))


def values_equal(got: Any, expected: Any) -> bool:
    """NULL equals NULL; numbers as numbers; everything else exactly, of the same type."""
    if got is None or expected is None:
        return got is expected
    if is_number(got) and is_number(expected):
        return numbers_equal(got, expected)
    return type(got) is type(expected) and got == expected


def unequal_columns(got: Row, expected: Row, columns: list[str]) -> list[str]:
    """The columns on which two rows differ."""
    return [name for name in columns if not values_equal(got[name], expected[name])]


def key_of(row: Row, key_columns: list[str]) -> tuple:
    """The natural key of a row."""
    return tuple(row[name] for name in key_columns)


def describe_key(key: tuple, key_columns: list[str]) -> str:
    """A key as text."""
    return ", ".join(f"{name}={show(value)}" for name, value in zip(key_columns, key, strict=True))


def show(value: Any) -> str:
    """A value as text; dates and timestamps in ISO form."""
    if value is None:
        return "NULL"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


def show_row(row: Row, columns: list[str]) -> str:
    """A row as text."""
    return ", ".join(f"{name}={show(row[name])}" for name in columns)


def pair_up(got: list[Row], expected: list[Row], columns: list[str]) -> tuple[list[Row], list[Row]]:
    """Take away the rows that have an equal on the other side; what is left of both."""
    left_expected = list(expected)
    left_got = []
    for row in got:
        match = next((n for n, other in enumerate(left_expected) if not unequal_columns(row, other, columns)), None)
        if match is None:
            left_got.append(row)
        else:
            del left_expected[match]
    return left_got, left_expected


def compare_group(table: str, key: str, got: list[Row], expected: list[Row], columns: list[str]) -> list[str]:
    """The differences of the rows of one natural key."""
    got, expected = pair_up(got, expected, columns)
    messages = []
    while got and expected:
        # The two rows most alike are taken to be the same row.
        here, there = min(
            ((a, b) for a in range(len(got)) for b in range(len(expected))),
            key=lambda pair: len(unequal_columns(got[pair[0]], expected[pair[1]], columns)),
        )
        mine, theirs = got.pop(here), expected.pop(there)
        for name in unequal_columns(mine, theirs, columns):
            messages.append(f"{table} [{key}] {name}: got {show(mine[name])}, expected {show(theirs[name])}")
    messages += [f"{table} [{key}]: unexpected row ({show_row(row, columns)})" for row in got]
    messages += [f"{table} [{key}]: missing row ({show_row(row, columns)})" for row in expected]
    return messages


def hide_charge_units(table: str, rows: list[Row]) -> list[Row]:
    """The oracle names no charge: the `unit_id` of the charges behind `cost_per_resolved_case` is not compared."""
    if table != "fct_kpi_contribution":
        return rows
    return [
        {**row, "unit_id": None}
        if row.get("kpi_id") == "cost_per_resolved_case" and row.get("denominator") == 0
        else row
        for row in rows
    ]


def compare_rows(table: str, got: list[Row], expected: list[Row], columns: list[str]) -> list[str]:
    """The differences of one table, key by key."""
    key_columns = [name for name in NATURAL_KEYS[table] if name in columns]
    groups: dict[tuple, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((got, expected)):
        for row in rows:
            groups[key_of(row, key_columns)][side].append(row)
    messages = []
    for key in sorted(groups, key=lambda key: [show(value) for value in key]):
        mine, theirs = groups[key]
        messages += compare_group(table, describe_key(key, key_columns), mine, theirs, columns)
    return messages


def table_columns(connection: Any, table: str) -> list[str]:
    """The columns of a table in the schema `marts`; none if there is no such table."""
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'marts' and table_name = ?"
        " order by ordinal_position",
        [table],
    ).fetchall()
    return [name for (name,) in found]


def read_table(connection: Any, table: str, columns: list[str]) -> list[Row]:
    """The rows of a table in the schema `marts`."""
    names = ", ".join(f'"{name}"' for name in columns)
    # Qualified in full: a file called marts.duckdb makes a catalog of that name.
    (catalog,) = connection.execute("select current_database()").fetchone()
    rows = connection.execute(f'select {names} from "{catalog}".marts."{table}"').fetchall()
    return hide_charge_units(table, [dict(zip(columns, row, strict=True)) for row in rows])


def compare_table(connection: Any, table: str, expected: list[Row]) -> list[str]:
    """The differences of one table: absent, columns absent, rows."""
    present = table_columns(connection, table)
    if not present:
        return [f"{table}: there is no such table in the schema marts"]
    wanted = list(expected[0]) if expected else list(NATURAL_KEYS[table])
    messages = [f"{table}: there is no column {name}" for name in wanted if name not in present]
    columns = [name for name in wanted if name in present]
    got = read_table(connection, table, columns)
    if len(got) != len(expected):
        messages.append(f"{table}: got {len(got)} rows, expected {len(expected)}")
    return messages + compare_rows(table, got, hide_charge_units(table, expected), columns)


def differences(duckdb_path: str, expected: dict[str, list[Row]], limit: int = 20) -> list[str]:
    """Readable differences between the schema `marts` of a DuckDB file and the oracle's tables.

    At most `limit` messages per table, then one that counts the rest; an empty list means equal.
    """
    import duckdb

    messages = []
    connection = duckdb.connect(duckdb_path, read_only=True)
    try:
        for table, rows in expected.items():
            found = compare_table(connection, table, rows)
            messages += found[:limit]
            if len(found) > limit:
                messages.append(f"{table}: {len(found) - limit} more differences")
    finally:
        connection.close()
    return messages
