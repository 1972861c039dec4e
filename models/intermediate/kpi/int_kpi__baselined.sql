-- Grain: one row per KPI and workflow or (all) whose baseline weeks are all final.
{{ config(materialized='table') }}

with

cells as (
    select * from {{ ref('int_kpi__valued') }}
    where cohort_dimension = 'all'
),

units as (
    select * from {{ ref('int_kpi__unioned') }}
    where kpi_id in ({{ kpis_of_kind(['median', 'p90']) }})
),

first_days as (
    select
        workflow,
        min({{ local_date('triggered_at') }}) as first_day
    from {{ ref('fct_case_journey') }}
    group by workflow

    union all

    select
        '(all)' as workflow,
        min({{ local_date('triggered_at') }}) as first_day
    from {{ ref('fct_case_journey') }}
),

-- From the first Monday on or after the first trigger.
windows as (
    select
        workflow,
        cast({{ dbt.date_trunc('week', add_days('first_day', 6)) }} as date) as first_week
    from first_days
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
        units.kpi_id,
        windows.workflow,
        {{ kpi_percentiles() }}
    from units
    inner join windows
        on
            (units.workflow = windows.workflow or windows.workflow = '(all)')
            and {{ is_in_weeks('units.week_start', 'windows.first_week', var('baseline_weeks') | int) }}
    group by units.kpi_id, windows.workflow
),

pooled as (
    select
        pooled_cells.*,
        pooled_units.median_value,
        pooled_units.p90_value
    from pooled_cells
    left join pooled_units
        on
            pooled_cells.kpi_id = pooled_units.kpi_id
            and pooled_cells.workflow = pooled_units.workflow
)

select
    kpi_id,
    workflow,
    {{ kpi_value() }} as baseline_value
from pooled
