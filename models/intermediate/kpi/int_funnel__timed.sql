-- Grain: one row per case: how far it came in the funnel, and when.
-- noqa: disable=LT02

select
    case_id,
    {{ local_week('triggered_at') }} as week_start,
    workflow,
    {{ cohort_attributes() }},
    {{ funnel_stage_number('stage') }} as furthest_stage_number
    {%- for stage, own_event in funnel_stages().items() %},
    {{ minutes_between('triggered_at', own_event) }} as {{ stage }}_minutes
    {%- endfor %}
from {{ ref('fct_case_journey') }}
