-- Grain: one row per KPI that signals may watch, dimension and its value, workflow or (all), and local day with a unit.
{{ config(materialized='table') }}

with

{%- for kpi_id, dimensions in signal_series().items() %}
{%- set side = kpi_sides(kpi_id, kpi_definitions()[kpi_id])[0] %}
{%- set dimension = dimensions[1] %}

of_{{ kpi_id }} as (
    select
        coalesce(cases.workflow, '(all)') as workflow,
        coalesce(units.{{ dimension }}, 'all') as dimension_value,
        units.day,
        units.{{ dimension }} is null as is_undivided,
        sum(units.numerator) as numerator,
        count(*) as denominator
    from (
        select
            case_id,
            {{ dimension }},
            {{ local_date(side.clock) }} as day,
            case when {{ side.numerator_if }} then 1 else 0 end as numerator
        from {{ ref(kpi_units()[side.of].model) }}
        where {{ side.clock }} is not null and {{ side.counted }}
    ) as units
    inner join {{ ref('int_case__opened') }} as cases on units.case_id = cases.case_id
    group by grouping sets ( -- noqa: PRS, RF02
        (units.day), (units.day, cases.workflow), (units.day, units.{{ dimension }}), (units.day, cases.workflow, units.{{ dimension }})
    )
){{ ',' if not loop.last }}
{%- endfor %}

{% for kpi_id, dimensions in signal_series().items() %}
select
    '{{ kpi_id }}' as kpi_id,
    case when is_undivided then 'all' else '{{ dimensions[1] }}' end as dimension,
    dimension_value,
    workflow,
    day,
    numerator,
    denominator
from of_{{ kpi_id }}
{{ 'union all' if not loop.last }}
{%- endfor %}
