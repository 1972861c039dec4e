-- Grain: one row per trigger week, workflow or (all), and cohort with a case.
-- A stage is reached by its own event or by any later stage's, so counts never rise along the funnel.
-- noqa: disable=LT02
{{ config(materialized='table') }}

with

cases as (
    select
        workflow,
        {{ cohort_attributes() | indent(8) }},
        {{ funnel_stages().values() | join(',\n        ') }},
        {{ local_week('triggered_at') }} as week_start,
        {{ funnel_stage_number('stage') | indent(8) }} as furthest_stage_number
    from {{ ref('int_case__assembled') }}
)

select
    week_start,
    {{ cohort_columns() }},
    {%- for stage, own_event in funnel_stages().items() %}
    count(case when furthest_stage_number >= {{ loop.index }} then 1 end) as {{ stage }}_cases,
    count({{ own_event }}) as {{ stage }}_own_event_cases{{ ',' if not loop.last }}
    {%- endfor %}
from cases
group by {{ cohort_grouping_sets(['week_start']) }} -- noqa: PRS
