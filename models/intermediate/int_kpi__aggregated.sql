-- Grain: one row per KPI, week, workflow or (all), and cohort that has a unit.

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
    {{ median('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['median']) }})) as median_value,
    {{ p90('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['p90']) }})) as p90_value
from units
group by {{ cohort_grouping_sets(['kpi_id', 'week_start']) }} -- noqa: PRS
