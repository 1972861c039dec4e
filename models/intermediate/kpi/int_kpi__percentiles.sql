-- Grain: one row per KPI of a percentile, week, workflow or (all), and cohort that has a unit.
{{ config(materialized='table') }}

with

cells as (
    select
        observed_for,
        week_start,
        {{ cohort_columns() | indent(8) }},
        {{ median_and_p90('observed_value') }} as percentiles
    from {{ ref('int_kpi__observations') }}
    group by {{ cohort_grouping_sets(['observed_for', 'week_start']) | indent(4) }} -- noqa: PRS
)

select
    kpis.kpi_id,
    cells.week_start,
    cells.workflow,
    cells.cohort_dimension,
    cells.cohort_value,
    {{ kpi_percentiles() | indent(4) }}
from cells
inner join {{ observing_kpis() }} on cells.observed_for = kpis.observed_for
