-- Grain: one row per unit and group of KPIs that take a percentile of the same value of it.
{{ config(materialized='table') }}

with

units as (
    {%- for observed_for, side in kpi_observations().items() %}
    select
        '{{ observed_for }}' as observed_for,
        case_id,
        {{ kpi_units()[side.of].unit_id }} as unit_id,
        {{ local_date(side.clock) }} as day,
        {{ local_week(side.clock) }} as week_start,
        cast({{ side.observed }} as {{ type_double() }}) as observed_value
    from {{ ref(kpi_units()[side.of].model) }}
    where {{ side.clock }} is not null and {{ side.counted }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    units.observed_for,
    units.case_id,
    units.unit_id,
    units.day,
    units.week_start,
    units.observed_value,
    cases.workflow,
    {{ cohort_attributes('cases') }}
from units
inner join {{ ref('int_case__assembled') }} as cases on units.case_id = cases.case_id
