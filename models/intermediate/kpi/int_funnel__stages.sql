-- Grain: one row per trigger week, workflow or (all), cohort with a case, and stage of the funnel.
-- noqa: disable=LT02
{% for stage in funnel_stages() %}
select
    counted.week_start,
    counted.workflow,
    counted.cohort_dimension,
    counted.cohort_value,
    {{ loop.index }} as stage_number,
    '{{ stage }}' as stage,
    counted.{{ stage }}_cases as cases,
    counted.{{ stage }}_own_event_cases as own_event_cases,
    {% if loop.first -%}
    -- No time from a trigger to itself.
    cast(0 as {{ type_double() }}) as median_minutes
from {{ ref('int_funnel__counted') }} as counted
    {%- else -%}
    medians.median_minutes
from {{ ref('int_funnel__counted') }} as counted
left join {{ ref('int_funnel__median_to_' ~ stage) }} as medians
    on
        counted.week_start = medians.week_start
        and counted.workflow = medians.workflow
        and counted.cohort_dimension = medians.cohort_dimension
        and counted.cohort_value = medians.cohort_value
    {%- endif %}
{{ 'union all' if not loop.last }}
{%- endfor %}
