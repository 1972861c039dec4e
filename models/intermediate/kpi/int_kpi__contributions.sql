-- Grain: one row per KPI and unit that its numerator or denominator counts.
-- noqa: disable=LT09

with

units as (
    {%- for kpi_id, kpi in kpi_definitions().items() %}
    {%- for side in kpi_sides(kpi_id, kpi) %}
    {%- if not (loop.first and kpi_id == kpi_definitions() | first) %}
    union all
    {%- endif %}
    select
        '{{ kpi_id }}' as kpi_id, case_id, {{ kpi_units()[side.of].unit_id }} as unit_id, {{ side.clock }} as clock_at,
        {{ contribution(side) | indent(8) }}
    from {{ ref(kpi_units()[side.of].model) }}
    where {{ side.clock }} is not null and {{ side.counted }}
    {%- endfor %}
    {%- endfor %}
)

select
    units.kpi_id,
    units.case_id,
    units.unit_id,
    units.clock_at,
    {{ local_date('units.clock_at') }} as clock_date,
    {{ local_week('units.clock_at') }} as week_start,
    units.numerator,
    units.denominator,
    units.observed_value,
    cases.workflow
from units
inner join {{ ref('int_case__assembled') }} as cases on units.case_id = cases.case_id
