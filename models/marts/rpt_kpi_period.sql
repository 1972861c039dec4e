-- Grain: one row per period longer than a week (its kind and first day), workflow or (all), and KPI.

with

cells as (
    select * from {{ ref('int_kpi__period_cells') }}
),

kpis as (
    select * from {{ ref('dim_kpi') }}
),

verdicts as (
    select * from {{ ref('int_kpi__verdicts') }}
)

select
    cells.period_kind,
    cells.period_start,
    cells.period_end,
    cells.workflow,
    cells.kpi_id,
    kpis.tier,
    cells.numerator,
    cells.denominator,
    cells.value,
    coalesce(cells.denominator, 0) as sample_size,
    cells.ci_low,
    cells.ci_high,
    verdicts.baseline_value,
    verdicts.target,
    verdicts.red_flag,
    verdicts.status,
    verdicts.is_certain,
    verdicts.owner,
    verdicts.action,
    cells.is_provisional
from cells
inner join kpis on cells.kpi_id = kpis.kpi_id
left join verdicts
    on
        cells.kpi_id = verdicts.kpi_id
        and cells.workflow = verdicts.workflow
        and cells.period_kind = verdicts.period_kind
        and cells.period_start = verdicts.period_start
