-- Grain: one row per published cell: KPI, week, workflow or (all), and cohort.
{{ config(materialized='table') }}

with

scheduled as (
    select * from {{ ref('int_kpi__publication') }}
    where period_kind = 'week'
),

cells as (
    select * from {{ ref('int_kpi__weekly_sums') }}
    where cohort_dimension = 'all' or numerator <> 0 or denominator <> 0
),

filled as (
    select
        scheduled.kpi_id,
        scheduled.workflow,
        scheduled.period_start as week_start,
        scheduled.is_provisional,
        coalesce(cells.cohort_dimension, 'all') as cohort_dimension,
        coalesce(cells.cohort_value, 'all') as cohort_value,
        {{ filled_sides('scheduled.kpi_id', 'cells') }}
    from scheduled
    left join cells
        on
            scheduled.kpi_id = cells.kpi_id
            and scheduled.workflow = cells.workflow
            and scheduled.period_start = cells.week_start
)

select
    *,
    {{ figures() }}
from filled
