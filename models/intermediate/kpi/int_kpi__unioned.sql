-- Grain: one row per KPI and unit that stands in its numerator or denominator.

with

units as (
    {%- for kpi_id, kpi in kpi_definitions().items() %}
    {{ kpi_unit_query(kpi_id, kpi) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

cases as (
    select * from {{ ref('fct_case_journey') }}
)

select
    units.kpi_id,
    units.case_id,
    units.unit_id,
    units.clock_at,
    {{ local_week('units.clock_at') }} as week_start,
    units.numerator,
    units.denominator,
    units.observed_value,
    cases.workflow,
    {{ cohort_attributes('cases') }}
from units
inner join cases on units.case_id = cases.case_id
