-- Grain: one row per KPI, week, workflow or (all), and cohort that has a unit.
{{ config(materialized='table') }}

with

cells as (
    select
        kpi_id,
        week_start,
        coalesce(workflow, '(all)') as workflow,
        cohort_dimension,
        cohort_value,
        {{ exact_sum('numerator') }} as numerator,
        cast(sum(denominator) as {{ dbt.type_bigint() }}) as denominator
    from {{ ref('int_kpi__sums') }}
    {%- set keys = 'kpi_id, week_start, cohort_dimension, cohort_value' %}
    group by grouping sets (({{ keys }}), ({{ keys }}, workflow)) -- noqa: PRS
),

percentiles as (
    {%- for unit in observed_units() %}
    select * from {{ ref('int_kpi__percentiles_of_' ~ unit) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    cells.kpi_id,
    cells.week_start,
    cells.workflow,
    cells.cohort_dimension,
    cells.cohort_value,
    cells.numerator,
    cells.denominator,
    percentiles.median_value,
    percentiles.p90_value
from cells
left join percentiles
    on
        cells.kpi_id = percentiles.kpi_id
        and cells.week_start = percentiles.week_start
        and cells.workflow = percentiles.workflow
        and cells.cohort_dimension = percentiles.cohort_dimension
        and cells.cohort_value = percentiles.cohort_value
