-- Grain: one row per KPI, week, workflow or (all), and cohort that has a unit.
{{ config(materialized='table') }}

with

units as (
    select * from {{ ref('int_kpi__unioned') }}
)

select
    kpi_id,
    week_start,
    {{ cohort_columns() }},
    {{ exact_sum('numerator') }} as numerator,
    cast(sum(denominator) as {{ dbt.type_bigint() }}) as denominator,
    {{ kpi_percentiles() }}
from units
group by {{ cohort_grouping_sets(['kpi_id', 'week_start']) }} -- noqa: PRS
