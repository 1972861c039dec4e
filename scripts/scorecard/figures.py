"""What the page shows, read from the public tables: `rpt_*` and `dim_*` only, and a bounded number of rows whatever the number of cases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from scripts.marts import ALL, Unreadable, literal, rows

# A value per listed week of the page, oldest first, or one value for all of them; None where there is no cell.
Series = dict[str, Any]
CELL = ("numerator", "denominator", "value", "sample_size")
VERDICT = ("is_provisional", "baseline_value", "target", "red_flag", "status", "is_certain", "owner", "action")
# Above this many cells of cohorts, only those of `(all)` can be chosen.
MOST_COHORT_CELLS = 250_000
MOST_VALUES_OF_A_COHORT = 12
MOST_ROWS_OF_A_LIST = 10


def figures(connection: duckdb.DuckDBPyConnection, week: str | None, weeks: int) -> dict[str, Any]:
    """Everything that the page draws, as JSON takes it.

    week: one that has to be among them (a Monday, as a text). weeks: how many listed weeks, up to the running one. Raises Unreadable.
    """
    (run,) = texts(rows(connection, "select *, (select max(day) from rpt_backlog_daily) as today from dim_run"))
    if run["latest_week"] is None:
        raise Unreadable("there is no case yet, so no week to show. Build with events first.")
    listed = listed_weeks(connection, week, weeks)
    since = literal(listed[0])
    workflows = rows(connection, "select workflow from dim_workflow order by workflow")
    cohorts = cohort_values(connection, since)
    return {
        "run": run,
        "weeks": listed,
        "workflows": [{"workflow": ALL}, *workflows],
        "kpis": rows(
            connection, "from dim_kpi inner join rpt_kpi_coverage using (kpi_id) order by display_order, kpi_id"
        ),
        "cohorts": cohorts,
        "weekly": judged(connection, listed, "rpt_kpi_weekly", "week_start", "cohort_dimension = 'all'"),
        "rolling": judged(connection, listed, "rpt_kpi_period", "period_end - 7", "period_kind = 'rolling_4_weeks'"),
        "cohort_cells": cohort_cells(connection, listed, cohorts),
        "funnel": funnel(connection, listed, cohorts),
        "intervals": intervals(connection, since),
        "tables": {name: columns(connection, query.format(since=since)) for name, query in TABLES.items()},
    }


def monday(day: str) -> str:
    """The Monday of a day's week. Raises Unreadable for what is no date."""
    try:
        date = dt.date.fromisoformat(day)
    except ValueError:
        raise Unreadable(f"the week {day} isn't a date. Name one of its days, such as 2026-05-11.") from None
    return (date - dt.timedelta(days=date.weekday())).isoformat()


def listed_weeks(connection: duckdb.DuckDBPyConnection, week: str | None, weeks: int) -> list[str]:
    """The Mondays of the page, oldest first. Raises Unreadable where `week` isn't one of them."""
    every = [
        str(row["week_start"]) for row in rows(connection, "select distinct week_start from rpt_kpi_weekly order by 1")
    ]
    listed = every[-weeks:]
    if week is not None and week not in every:
        raise Unreadable(f"there is no week of {week}. The weeks begin from {every[0]} to {every[-1]}.")
    if week is not None and week not in listed:
        raise Unreadable(
            f"the week {week} isn't among the latest {weeks}. Take more: --weeks {len(every) - every.index(week)}."
        )
    return listed


def judged(
    connection: duckdb.DuckDBPyConnection, listed: list[str], table: str, week: str, which: str
) -> dict[str, Any]:
    """Workflow -> KPI -> its cells with their verdicts, by week. week: the Monday of a row's last week. which: the rows of the table."""
    where = f"{which} and {week} >= {literal(listed[0])}"
    cells = rows(
        connection,
        f"select {week} as week, workflow, kpi_id, {', '.join((*CELL, *VERDICT))} from {table} where {where}",
    )
    return by_week(cells, listed, ("workflow", "kpi_id"))


def cohort_values(connection: duckdb.DuckDBPyConnection, since: str) -> dict[str, list[str]]:
    """Cohort dimension -> its values with the most cases, in alphabetical order; those that can be chosen."""
    found = rows(
        connection,
        f"""
        select cohort_dimension, cohort_value
        from rpt_funnel_weekly
        where cohort_dimension <> 'all' and workflow = '{ALL}' and stage_number = 1 and week_start >= {since}
        group by cohort_dimension, cohort_value
        qualify row_number() over (partition by cohort_dimension order by sum(cases) desc, cohort_value) <= {MOST_VALUES_OF_A_COHORT}
        order by cohort_dimension, cohort_value
        """,
    )
    values: dict[str, list[str]] = {}
    for row in found:
        values.setdefault(row["cohort_dimension"], []).append(row["cohort_value"])
    return values


def cohort_cells(
    connection: duckdb.DuckDBPyConnection, listed: list[str], cohorts: dict[str, list[str]]
) -> dict[str, Any]:
    """Workflow -> cohort dimension -> value -> KPI -> the cells of that cohort, by week; a cohort has no verdict."""
    where = f"week_start >= {literal(listed[0])} and tier <> 'diagnostic' and {is_chosen(cohorts)}"
    (count,) = rows(connection, f"select count(*) as cells from rpt_kpi_weekly where {where}")
    if count["cells"] > MOST_COHORT_CELLS:
        where += f" and workflow = '{ALL}'"
    keys = ("workflow", "cohort_dimension", "cohort_value", "kpi_id")
    cells = rows(
        connection, f"select week_start as week, {', '.join((*keys, *CELL))} from rpt_kpi_weekly where {where}"
    )
    return by_week(cells, listed, keys)


def funnel(connection: duckdb.DuckDBPyConnection, listed: list[str], cohorts: dict[str, list[str]]) -> dict[str, Any]:
    """Workflow -> cohort dimension -> value -> stage -> its cases, by week; what can be chosen, and `all`."""
    keys = ("workflow", "cohort_dimension", "cohort_value", "stage")
    cells = rows(
        connection,
        f"select week_start as week, {', '.join(keys)}, cases, own_event_cases, median_minutes_from_trigger from rpt_funnel_weekly "
        f"where week_start >= {literal(listed[0])} and (cohort_dimension = 'all' or {is_chosen(cohorts)}) order by stage_number",
    )
    return by_week(cells, listed, keys)


def is_chosen(cohorts: dict[str, list[str]]) -> str:
    """The condition that a row is of a cohort that can be chosen."""
    chosen = [
        f"(cohort_dimension = {literal(dimension)} and cohort_value in ({', '.join(map(literal, values))}))"
        for dimension, values in cohorts.items()
    ]
    return f"({' or '.join(chosen)})" if chosen else "false"


def intervals(connection: duckdb.DuckDBPyConnection, since: str) -> dict[str, list[Any]]:
    """The interval of each pair of numerator and denominator of a rate, which is the same wherever the two are."""
    return columns(
        connection,
        f"""
        select numerator, denominator, max(ci_low) as ci_low, max(ci_high) as ci_high
        from (
            select numerator, denominator, ci_low, ci_high
            from rpt_kpi_weekly
            where week_start >= {since}
            union all
            select numerator, denominator, ci_low, ci_high
            from rpt_kpi_period
            where period_kind = 'rolling_4_weeks' and period_end > {since}
        )
        where ci_low is not null
        group by numerator, denominator
        order by denominator, numerator
        """,
    )


# Name -> the query of a table of the page. {since}: its first week.
TABLES = {
    "health": """
        from rpt_writeback_health_weekly
        where week_start >= {since}
        order by week_start, target_system, adapter
    """,
    "alerts": """
        select rule_id, kpi_id, week_start, workflow, value, reference, sample_size, is_confirmed, severity, owner, action
        from rpt_alert
        where week_start >= {since}
        order by week_start, severity, rule_id, workflow
    """,
    # A row per unbroken run of days.
    "signals": """
        select rule_id, kpi_id, workflow, dimension, dimension_value, first_day, max(day) as last_day, bool_or(is_open) as is_open,
            sum(numerator) as numerator, sum(denominator) as denominator, arg_max(reference, day) as reference, severity, owner, action
        from rpt_signal
        group by rule_id, kpi_id, workflow, dimension, dimension_value, first_day, severity, owner, action
        having max(day) >= {since}
        order by is_open desc, severity, first_day desc, rule_id, dimension_value, workflow
        limit 1000
    """,
    "open_counts": """
        select workflow, state, count(*) as cases
        from rpt_open_case
        group by workflow, state
        order by workflow, state
    """,
    "open_cases": f"""
        select case_id, workflow, due_at, minutes_left, state, waiting_for
        from rpt_open_case
        where state in ('overdue', 'at_risk')
        qualify row_number() over (partition by workflow, state order by minutes_left, case_id) <= {MOST_ROWS_OF_A_LIST}
        order by state desc, minutes_left, case_id
    """,
    "open_by_stage": """
        select workflow, stage, waiting_for, count(*) as cases, count(*) filter (where state = 'overdue') as overdue
        from rpt_open_case
        group by workflow, stage, waiting_for
        order by workflow, stage, waiting_for
    """,
    "backlog": """
        select day, workflow, opening, triggered, resolved, closed, closing, overdue
        from rpt_backlog_daily
        where day >= {since}
        order by workflow, day
    """,
    "costs": """
        select week_start, workflow, resolved_cases, total_cost, messaging_cost_per_resolved_case, agent_cost_per_resolved_case,
            platform_cost_per_resolved_case, fixed_cost_per_resolved_case, cost_per_resolved_case, is_provisional
        from rpt_cost_weekly
        where week_start >= {since}
        order by week_start, workflow
    """,
    "savings": """
        from rpt_savings_monthly
        qualify row_number() over (partition by workflow order by month desc) <= 12
        order by month, workflow
    """,
    "effort": """
        select month, workflow, touches, preventable_touches, manual_minutes, waste_minutes, waste_share, waste_cost
        from rpt_manual_effort_monthly
        qualify row_number() over (partition by workflow order by month desc) <= 6
        order by month, workflow
    """,
    "fixes": "from rpt_fix_priority order by priority, fix_id limit 20",
    "progress": "from rpt_target_progress order by due_date, kpi_id, workflow limit 200",
    "effects": "from rpt_change_effect order by changed_on desc, change_id, workflow limit 50",
    "missing_evidence": """
        select workflow, evidence_type, resolution_path, count(*) as cases
        from rpt_missing_evidence
        group by workflow, evidence_type, resolution_path
        order by cases desc, workflow, evidence_type, resolution_path
        limit 100
    """,
    "violations": """
        select kind, count(*) as violations, count(distinct case_id) as cases
        from rpt_integrity_violation
        group by kind
        order by violations desc, kind
    """,
    "reconciliation": "from rpt_row_reconciliation order by source_table",
    "restatements": "from rpt_kpi_restatement order by restated_as_of desc, week_start desc, kpi_id, workflow limit 100",
    "restated": "select count(*) as figures, count(distinct week_start) as weeks from rpt_kpi_restatement",
}


def by_week(cells: list[dict[str, Any]], listed: list[str], keys: tuple[str, ...]) -> dict[str, Any]:
    """Cells as nested series: one level per key, then column -> a value per week, or the one value that all weeks have."""
    at = {week: index for index, week in enumerate(listed)}
    tree: dict[str, Any] = {}
    series: dict[tuple[str, ...], Series] = {}
    for cell in cells:
        key = tuple(cell[name] for name in keys)
        if key not in series:
            branch = tree
            for part in key[:-1]:
                branch = branch.setdefault(part, {})
            series[key] = branch[key[-1]] = {name: [None] * len(listed) for name in cell if name not in (*keys, "week")}
        for name, values in series[key].items():
            values[at[str(cell["week"])]] = plain(packed(cell, name))
    for each in series.values():
        for name, values in each.items():
            if all(value == values[0] for value in values):
                each[name] = values[0]
    return tree


def packed(cell: dict[str, Any], name: str) -> Any:
    """A cell's value, or None where it follows from the others: most values are a quotient, most samples the denominator."""
    numerator, denominator = cell.get("numerator"), cell.get("denominator")
    if name == "value" and numerator is not None and denominator and cell["value"] == numerator / denominator:
        return None
    if name == "sample_size" and cell["sample_size"] == denominator:
        return None
    return cell[name]


def columns(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, list[Any]]:
    """A query's result by column, which packs better than by row."""
    found = texts(rows(connection, query))
    names = list(found[0]) if found else [column[0] for column in connection.description or []]
    return {name: [row[name] for row in found] for name in names}


def texts(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as JSON takes them."""
    return [{name: plain(value) for name, value in row.items()} for row in found]


def plain(value: Any) -> Any:
    """A value as JSON takes it: dates and moments as ISO texts, whole numbers without a point."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
