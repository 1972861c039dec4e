-- Fails if a rate with a denominator lacks its confidence interval, or if a KPI that is no rate has one.

with

cells as (
    select * from {{ ref('rpt_kpi_weekly') }}
),

kpis as (
    select * from {{ ref('dim_kpi') }}
)

select
    cells.week_start,
    cells.workflow,
    cells.cohort_dimension,
    cells.cohort_value,
    cells.kpi_id,
    kpis.unit,
    cells.denominator,
    cells.ci_low,
    cells.ci_high
from cells
inner join kpis on cells.kpi_id = kpis.kpi_id
where
    (cells.ci_low is not null) is distinct from (kpis.unit = 'rate' and cells.denominator > 0)
    or (cells.ci_high is not null) is distinct from (kpis.unit = 'rate' and cells.denominator > 0)
