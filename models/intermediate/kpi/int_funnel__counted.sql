-- Grain: one row per trigger week, workflow or (all), and cohort with a case.
-- A stage is reached by its own event or by any later stage's, so counts never rise along the funnel. Medians are over own events.
-- noqa: disable=LT02,PRS
{{ config(materialized='table_in_parts') }}

{%- for dimension in [none] + cohort_dimensions() %}
{%- set keys = ['week_start'] + ([dimension] if dimension else []) %}

select
    week_start,
    coalesce(workflow, '(all)') as workflow,
    '{{ dimension or "all" }}' as cohort_dimension,
    {{ dimension or "'all'" }} as cohort_value,
    {%- for stage, own_event in funnel_stages().items() %}
    count(case when furthest_stage_number >= {{ loop.index }} then 1 end) as {{ stage }}_cases,
    {%- if own_event == 'triggered_at' %}
    -- No time from a trigger to itself.
    cast(0 as {{ type_double() }}) as {{ stage }}_median_minutes
    {%- else %}
    {{ median(stage ~ '_minutes') }} as {{ stage }}_median_minutes
    {%- endif %}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_funnel__timed') }}
where {{ is_touched_week(['cases_by_triggered_at']) }}
group by grouping sets (({{ keys | join(', ') }}), ({{ keys | join(', ') }}, workflow))
{{ next_part() if not loop.last }}
{%- endfor %}
