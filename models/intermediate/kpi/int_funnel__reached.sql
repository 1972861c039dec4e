-- Grain: one row per case and funnel stage that it reached.

with

-- A stage is reached by its own event or by any later stage's, so counts never rise along the funnel.
cases as (
    select
        *,
        {{ funnel_stage_number('stage') | indent(8) }} as furthest_stage_number
    from {{ ref('fct_case_journey') }}
)

{% for name, own_event in funnel_stages().items() %}
select
    case_id,
    {{ loop.index }} as stage_number,
    {{ local_week('triggered_at') }} as week_start,
    {{ minutes_between('triggered_at', own_event) }} as minutes_from_trigger,
    workflow,
    {{ cohort_attributes() }}
from cases
where furthest_stage_number >= {{ loop.index }}
{{ 'union all' if not loop.last }}
{% endfor %}
