-- Grain: one row per KPI and workflow or (all) whose baseline weeks are all final.
{{ config(materialized='table') }}

with

cells as (
    select * from {{ ref('int_kpi__cells') }}
    where cohort_dimension = 'all'
),

observed as (
    select * from {{ ref('int_kpi__observations') }}
),

windows as (
    select * from {{ ref('int_baseline__window') }}
),

pooled_cells as (
    select
        cells.kpi_id,
        cells.workflow,
        {{ exact_sum('cells.numerator') }} as numerator,
        sum(cells.denominator) as denominator
    from cells
    inner join windows
        on
            cells.workflow = windows.workflow
            and {{ is_in_weeks('cells.week_start', 'windows.first_week', var('baseline_weeks') | int) }}
    group by cells.kpi_id, cells.workflow
    having count(*) = {{ var('baseline_weeks') | int }} and not bool_or(cells.is_provisional)
),

pooled_units as (
    select
        observed.observed_for,
        windows.workflow,
        {{ median_and_p90('observed.observed_value') }} as percentiles
    from observed
    inner join windows
        on
            (observed.workflow = windows.workflow or windows.workflow = '(all)')
            and {{ is_in_weeks('observed.week_start', 'windows.first_week', var('baseline_weeks') | int) }}
    group by observed.observed_for, windows.workflow
),

percentiles as (
    select
        kpis.kpi_id,
        pooled_units.workflow,
        {{ kpi_percentiles() }}
    from pooled_units
    inner join {{ observing_kpis() }} on pooled_units.observed_for = kpis.observed_for
),

pooled as (
    select
        pooled_cells.*,
        percentiles.median_value,
        percentiles.p90_value
    from pooled_cells
    left join percentiles
        on
            pooled_cells.kpi_id = percentiles.kpi_id
            and pooled_cells.workflow = percentiles.workflow
)

select
    kpi_id,
    workflow,
    {{ kpi_value() }} as baseline_value
from pooled
