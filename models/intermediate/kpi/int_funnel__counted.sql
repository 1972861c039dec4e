-- Grain: one row per trigger week, workflow or (all), and cohort with a case.
-- A stage is reached by its own event or by any later stage's, so counts never rise along the funnel. Medians are over own events.
-- noqa: disable=LT02
{{ config(materialized='table') }}

with

cases as (
    select
        workflow,
        {{ cohort_attributes() | indent(8) }},
        {{ local_week('triggered_at') }} as week_start,
        {{ funnel_stage_number('stage') | indent(8) }} as furthest_stage_number
        {%- for stage, own_event in funnel_stages().items() if own_event != 'triggered_at' %},
        {{ minutes_between('triggered_at', own_event) }} as {{ stage }}_minutes
        {%- endfor %}
    from {{ ref('int_case__assembled') }}
)

select
    week_start,
    {{ cohort_columns() }},
    {%- for stage, own_event in funnel_stages().items() %}
    count(case when furthest_stage_number >= {{ loop.index }} then 1 end) as {{ stage }}_cases,
    {%- if own_event == 'triggered_at' %}
    count(*) as {{ stage }}_own_event_cases,
    -- No time from a trigger to itself.
    cast(0 as {{ type_double() }}) as {{ stage }}_median_minutes
    {%- else %}
    count({{ stage }}_minutes) as {{ stage }}_own_event_cases,
    {{ median(stage ~ '_minutes') }} as {{ stage }}_median_minutes
    {%- endif %}
    {{- ',' if not loop.last }}
    {%- endfor %}
from cases
group by {{ cohort_grouping_sets(['week_start']) }} -- noqa: PRS
