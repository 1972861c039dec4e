-- Grain: one row per unit and group of KPIs that take a percentile of the same value of it.
{{ config(materialized='incremental', incremental_strategy='touched_cases', on_schema_change='fail') }}

with

cases as (
    select
        case_id,
        workflow,
        {{ cohort_attributes() }}
    from {{ ref('fct_case_journey') }}
    where {{ is_touched() }}
),

units as (
    {%- for observed_for, side in kpi_observations().items() %}
    select
        '{{ observed_for }}' as observed_for,
        case_id,
        {{ kpi_units()[side.of].unit_id }} as unit_id,
        {{ local_week(side.clock) }} as week_start,
        cast({{ side.observed }} as {{ type_double() }}) as observed_value
    from {{ ref(kpi_units()[side.of].model) }}
    where
        {{ ([side.clock ~ ' is not null'] + side.counted + [is_touched()]) | join('\n        and ') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    units.observed_for,
    units.case_id,
    units.unit_id,
    units.week_start,
    units.observed_value,
    cases.workflow,
    {{ cohort_attributes('cases') }}
from units
inner join cases on units.case_id = cases.case_id
