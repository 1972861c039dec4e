"""Do two computations agree? Counts and moments exactly, amounts and values to 1e-9."""

from __future__ import annotations

from pathlib import Path

import duckdb

from scripts.generate_events import long_id

TOLERANCE = 1e-9
# Sums of amounts differ in their last digits by the order of the rows; all other columns of the journey are compared bit by bit.
DECIMALS = 6
SHOWN = 20


def attach(connection: duckdb.DuckDBPyConnection, name: str, database: Path) -> None:
    """Make views <name>_journeys and <name>_kpis of a database: the project's, or that of the script."""
    connection.execute(f"attach '{database}' as {name} (read_only)")
    journeys, kpis = f"{name}.journeys", f"{name}.kpis"
    is_ours = f"select 1 from duckdb_schemas() where database_name = '{name}' and schema_name = 'marts'"
    if connection.execute(is_ours).fetchall():
        journeys = f"{name}.marts.fct_case_journey"
        kpis = f"(from {name}.marts.rpt_kpi_weekly where tier = 'headline' and cohort_dimension = 'all')"
    connection.execute(
        f"create temp view {name}_journeys as from {journeys}; create temp view {name}_kpis as from {kpis}"
    )


def fingerprints(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str]) -> dict[str, int]:
    """Rows, resolved cases, and per column a sum of hashes that doesn't depend on the order of the rows."""
    items = ["count(*)", "count(*) filter (is_resolved)"]
    for column, column_type in columns.items():
        value = f"cast({column} as {column_type})"
        if column_type == "DOUBLE":
            # + 0.0 makes -0.0 and 0.0 one.
            value = f"round({value}, {DECIMALS}) + 0.0"
        items.append(f"sum(hash(cast(case_id as varchar), {value}))")
    [values] = connection.execute(f"select {', '.join(items)} from {name}_journeys").fetchall()
    return dict(zip(["cases", "resolved cases", *columns], values, strict=True))


def differences(ours: Path, theirs: Path, label: str, has_long_ids: bool = False) -> tuple[list[str], dict[str, int]]:
    """What differs, in words, and the counts of what was compared. ours: the project's database. theirs: see attach().

    has_long_ids: theirs has the long ids of the same events.
    """
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        attach(connection, "ours", ours)
        attach(connection, "theirs", theirs)
        if has_long_ids:
            ids = ", ".join(f"{long_id(column)} as {column}" for column in ("case_id", "customer_ref"))
            connection.execute(
                f"create or replace temp view ours_journeys as select * replace ({ids}) from ours.marts.fct_case_journey"
            )
        columns = {name: kind for name, kind, *_ in connection.execute("describe ours_journeys").fetchall()}
        there = {name for name, *_ in connection.execute("describe theirs_journeys").fetchall()}
        if columns.keys() - there:
            return [f"{label}: the journeys lack {', '.join(sorted(columns.keys() - there))}"], {}
        expected, found = (fingerprints(connection, name, columns) for name in ("ours", "theirs"))
        different = []
        for what, value in expected.items():
            if found[what] != value:
                shown = (
                    f"{found[what]:,} against {value:,} of the project"
                    if what.endswith("cases")
                    else "not the project's"
                )
                different.append(f"{label}: {what} of the journeys: {shown}")
        # A cell that isn't there is one without units.
        cells = connection.execute(
            f"""
            select
                kpi_id, week_start, workflow, coalesce(theirs.numerator, 0), coalesce(ours.numerator, 0),
                coalesce(theirs.denominator, 0), coalesce(ours.denominator, 0), theirs.value, ours.value
            from ours_kpis as ours
            full join (select * replace (cast(week_start as date) as week_start) from theirs_kpis) as theirs
                using (kpi_id, week_start, workflow)
            where
                coalesce(theirs.denominator, 0) <> coalesce(ours.denominator, 0)
                or abs(coalesce(theirs.numerator, 0) - coalesce(ours.numerator, 0))
                > case
                    when kpi_id in ('cost_per_resolved_case', 'payment_recovery_per_1000')
                        then {TOLERANCE} * greatest(1, abs(coalesce(ours.numerator, 0)))
                    else 0
                end
                or (theirs.value is null) <> (ours.value is null)
                or abs(theirs.value - ours.value) > {TOLERANCE} * greatest(1, abs(ours.value))
            order by kpi_id, week_start, workflow
            """
        ).fetchall()
        for kpi, week, workflow, *pairs in cells[:SHOWN]:
            words = [
                f"{name} {pairs[2 * place]} against {pairs[2 * place + 1]}"
                for place, name in enumerate(("numerator", "denominator", "value"))
                if pairs[2 * place] != pairs[2 * place + 1]
            ]
            different.append(f"{label}: {kpi}, {week}, {workflow}: {', '.join(words)} of the project")
        if len(cells) > SHOWN:
            different.append(f"{label}: {len(cells) - SHOWN} more cells differ")
        [(compared, kpis)] = connection.execute(
            "select count(*) filter (value is not null), count(distinct kpi_id) from ours_kpis"
        ).fetchall()
        if not compared:
            different.append(f"{label}: the project has no cell to compare with")
    return different, {
        "cases": expected["cases"],
        "resolved_cases": expected["resolved cases"],
        "columns": len(columns),
        "cells": compared,
        "kpis": kpis,
    }
