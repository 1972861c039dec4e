"""What the Superset dashboard shows: its datasets, its charts and their places.

A dataset is a public table, or a query on some. Every chart of figures that exist for `(all)` as well splits by workflow, so that it is
true without a filter, too: nothing adds `(all)` to its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scripts.marts import ALL, SCHEMA

LAST_FINAL_WEEK = "(last final week)"
# Column -> what it holds, where a query makes it.
MADE = {
    "week": f"Monday of the local week, as a text. The last week whose headline KPIs are all final comes again as `{LAST_FINAL_WEEK}`.",
    "figure": "The value with its unit, as people read it. Null where the value is.",
    "target_figure": "The target with its unit. Null where there is none.",
    "figure_before": "The value one week earlier, with its unit. Null where there is none.",
    "numbered_stage": "The stage with its number before it, which sorts.",
}
# A row per week, and a second one of the last final week under that name.
OF_A_WEEK = f"""\
    case when names.is_last then '{LAST_FINAL_WEEK}' else cast(weeks.week_start as varchar(10)) end as week
from {SCHEMA}.{{table}} as weeks
cross join {SCHEMA}.dim_run as run
inner join (select false as is_last union all select true as is_last) as names
    on not names.is_last or weeks.week_start = run.latest_final_week
"""
KPIS = f"""\
select weeks.*, kpis.title, kpis.display_order, kpis.unit
from {SCHEMA}.rpt_kpi_weekly as weeks
inner join {SCHEMA}.dim_kpi as kpis on weeks.kpi_id = kpis.kpi_id
where weeks.cohort_dimension = 'all'
"""
# A column of a KPI's cell as people read it.
IN_WORDS = """\
    case kpis.unit
        when 'rate' then cast(cast(100 * weeks.{column} as decimal(18, 1)) as varchar(40)) || ' %'
        when 'money' then cast(cast(weeks.{column} as decimal(18, 2)) as varchar(40)) || ' ' || run.reporting_currency
        else cast(cast(weeks.{column} as decimal(18, 1)) as varchar(40)) || ' ' || kpis.unit
    end as {name},
"""
SCORECARD = f"""\
select
    weeks.*, kpis.title, kpis.display_order, kpis.unit,
{IN_WORDS.format(column="value", name="figure")}\
{IN_WORDS.format(column="target", name="target_figure")}\
{IN_WORDS.format(column="prior_value", name="figure_before")}\
{OF_A_WEEK.format(table="rpt_kpi_weekly").rstrip()}
inner join {SCHEMA}.dim_kpi as kpis on weeks.kpi_id = kpis.kpi_id
where weeks.cohort_dimension = 'all' and weeks.tier <> 'diagnostic'
"""
FUNNEL = f"""\
select
    weeks.*, cast(weeks.stage_number as varchar(10)) || ' ' || weeks.stage as numbered_stage,
{OF_A_WEEK.format(table="rpt_funnel_weekly").rstrip()}
where weeks.cohort_dimension = 'all'
"""
HEALTH = f"""\
select
    weeks.*,
{OF_A_WEEK.format(table="rpt_writeback_health_weekly").rstrip()}
"""


@dataclass(frozen=True)
class Dataset:
    """A dataset. tables: the public tables whose columns it has; the first describes it. sql: its query, none where it is that table."""

    name: str
    tables: tuple[str, ...]
    sql: str | None = None


DATASETS = [
    Dataset("kpis_by_week", ("rpt_kpi_weekly", "dim_kpi"), KPIS),
    Dataset("scorecard_of_a_week", ("rpt_kpi_weekly", "dim_kpi"), SCORECARD),
    Dataset("funnel_of_a_week", ("rpt_funnel_weekly",), FUNNEL),
    Dataset("writebacks_of_a_week", ("rpt_writeback_health_weekly",), HEALTH),
    # Without the columns that lead to a person.
    Dataset(
        "paths", ("fct_case_journey",), f"select case_id, workflow, triggered_at, resolution_path from {SCHEMA}.fct_case_journey\n"
    ),
    *(
        Dataset(table, (table,))
        for table in (
            "rpt_backlog_daily", "rpt_cost_weekly", "rpt_open_case", "rpt_savings_monthly", "rpt_signal", "rpt_writeback_health_weekly",
        )
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """A chart: a table of rows where it has `columns`, else bars or lines of `metrics` over `x`.

    metrics: label -> SQL of an aggregate. by: what splits it. where: SQL that its rows fulfil. order: column -> whether it ascends, for
    a table. style: Superset's own words for the looks. width: of twelve; height: in units of eight pixels. filters: those of the
    dashboard that it obeys.
    """

    title: str
    dataset: str
    description: str
    viz_type: str = "table"
    columns: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    x: str = ""
    metrics: dict[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    where: str = ""
    style: dict[str, Any] = field(default_factory=dict)
    width: int = 6
    height: int = 50
    filters: tuple[str, ...] = ("workflow",)
    rows: int = 10_000


LINE, BAR = "echarts_timeseries_line", "echarts_timeseries_bar"
PERCENT = {"y_axis_format": ".0%", "y_axis_bounds": [0, 1], "truncateYAxis": True}
STACKED = {"stack": "Stack"}
# The names of what isn't time need room. They are sorted backwards: the first one is on top.
FLAT = {"orientation": "horizontal"}
# The chart of each place, row by row; the widths of a row add up to twelve.
ROWS = [
    [
        Chart(
            "KPIs of the week",
            "scorecard_of_a_week",
            "Headline and leading KPIs with their verdict. Provisional figures may still move.",
            columns=(
                "week", "workflow", "title", "figure", "status", "is_certain", "sample_size", "target_figure", "figure_before",
                "owner",
            ),
            order=(("display_order", True),),
            width=12,
            height=90,
            filters=("workflow", "week"),
        ),
    ],
    [
        Chart(
            "Completed, and verified in the record",
            "kpis_by_week",
            "What the customer completed, and what the system of record acknowledged. Final weeks only.",
            LINE,
            x="week_start",
            metrics={"rate": "sum(numerator) / nullif(sum(denominator), 0)"},
            by=("title", "workflow"),
            where="kpi_id in ('completion_rate', 'verified_writeback_rate') and not is_provisional",
            style=PERCENT,
        ),
        Chart(
            "Funnel of the week",
            "funnel_of_a_week",
            "How far the cases triggered in the week have come.",
            BAR,
            x="numbered_stage",
            metrics={"cases": "sum(cases)"},
            by=("workflow", "week"),
            style={**FLAT, "show_value": True},
            filters=("workflow", "week"),
        ),
    ],
    [
        Chart(
            "How cases went",
            "paths",
            "All cases by workflow and path: in message, assisted, self-cured, closed, open.",
            BAR,
            x="workflow",
            metrics={"cases": "count(*)"},
            by=("resolution_path",),
            style=STACKED | FLAT,
            filters=(),
        ),
        Chart(
            "Open cases",
            "rpt_open_case",
            "Open cases by workflow and state.",
            BAR,
            x="workflow",
            metrics={"cases": "count(*)"},
            by=("state",),
            style=STACKED | FLAT,
            filters=(),
        ),
    ],
    [
        Chart(
            "Backlog by day",
            "rpt_backlog_daily",
            "Cases open at the end of each local day, and those of them that were overdue.",
            LINE,
            x="day",
            metrics={"open": "sum(closing)", "overdue": "sum(overdue)"},
            by=("workflow",),
            width=12,
        ),
    ],
    [
        Chart(
            "Writebacks verified, by target system",
            "rpt_writeback_health_weekly",
            "Share of a week's logical writebacks that were verified. All workflows.",
            LINE,
            x="week_start",
            metrics={"verified": "1.0 * sum(verified) / nullif(sum(logical_writebacks), 0)"},
            by=("target_system",),
            style=PERCENT,
            width=4,
            filters=(),
        ),
        Chart(
            "Writebacks of the week",
            "writebacks_of_a_week",
            "Attempts, retries and errors by target system and adapter. All workflows.",
            columns=(
                "week", "target_system", "adapter", "attempts", "logical_writebacks", "verified", "retried", "double_written",
                "persist_seconds_median", "top_error_reason",
            ),
            order=(("target_system", True), ("adapter", True)),
            width=8,
            filters=("week",),
        ),
    ],
    [
        Chart(
            "Cost per resolved case",
            "rpt_cost_weekly",
            "What a resolved case costs, by what it is spent on. In the reporting currency; final weeks only.",
            BAR,
            x="week_start",
            metrics={
                what: f"sum({what}_cost) / nullif(sum(resolved_cases), 0)" for what in ("agent", "messaging", "platform", "fixed")
            },
            by=("workflow",),
            where="not is_provisional",
            style=STACKED,
        ),
        Chart(
            "Savings by month",
            "rpt_savings_monthly",
            "What the resolved cases would have cost at the baseline, less what they cost. In the reporting currency; final months only.",
            BAR,
            x="month",
            metrics={"savings": "sum(savings)"},
            by=("workflow",),
            where="not is_provisional",
        ),
    ],
    [
        Chart(
            "Signals",
            "rpt_signal",
            "What has shifted, latest day first.",
            columns=("day", "rule_id", "workflow", "dimension_value", "value", "reference", "is_open", "severity", "owner", "action"),
            order=(("day", False), ("rule_id", True), ("dimension_value", True)),
            style={"column_config": {"value": {"d3NumberFormat": ".3f"}, "reference": {"d3NumberFormat": ".3f"}}},
            width=12,
            rows=200,
        ),
    ],
]  # fmt: skip
CHARTS = [chart for row in ROWS for chart in row]
# Filter -> the dataset that its choices come from, and its choice at first.
FILTERS = {"workflow": ("kpis_by_week", ALL), "week": ("scorecard_of_a_week", LAST_FINAL_WEEK)}
