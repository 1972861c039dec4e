-- Grain: one row per published cell: KPI, week, workflow or (all), and cohort.
{{ config(materialized='table') }}

with

scheduled as (
    select * from {{ ref('int_kpi__publication') }}
),

cells as (
    select * from {{ ref('int_kpi__weekly_sums') }}
    where cohort_dimension = 'all' or numerator <> 0 or denominator <> 0
),

filled as (
    select
        scheduled.kpi_id,
        scheduled.workflow,
        scheduled.week_start,
        scheduled.is_provisional,
        coalesce(cells.cohort_dimension, 'all') as cohort_dimension,
        coalesce(cells.cohort_value, 'all') as cohort_value,
        case
            when scheduled.kpi_id not in ({{ kpis_of_kind(['median', 'p90']) }}) then coalesce(cells.numerator, 0)
        end as numerator,
        case
            when scheduled.kpi_id not in ({{ kpis_of_kind(['count']) }}) then coalesce(cells.denominator, 0)
        end as denominator,
        cells.median_value,
        cells.p90_value
    from scheduled
    left join cells
        on
            scheduled.kpi_id = cells.kpi_id
            and scheduled.workflow = cells.workflow
            and scheduled.week_start = cells.week_start
)

select
    *,
    {{ kpi_value() }} as value,
    kpi_id in ({{ kpis_of_kind(['rate']) }}) as is_rate
from filled
