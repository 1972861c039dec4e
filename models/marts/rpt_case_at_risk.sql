-- Grain: one row per open case that is not yet due and has used at least half of its time.

with

open_cases as (
    select
        case_id,
        workflow,
        due_at,
        {{ minutes_between(as_of(), 'due_at') }} as minutes_left,
        {{ rate(seconds_between('triggered_at', as_of()), seconds_between('triggered_at', 'due_at')) }} as share_of_sla_used,
        stage
    from {{ ref('fct_case_journey') }}
    where not is_resolved and not is_due
)

select
    case_id,
    workflow,
    due_at,
    minutes_left,
    share_of_sla_used,
    stage,
    case stage
        {%- set stages = funnel_stages() | list %}
        {%- for next_stage in stages[1:] %}
        when '{{ stages[loop.index0] }}' then '{{ next_stage }}'
        {%- endfor %}
    end as waiting_for
from open_cases
where share_of_sla_used >= 0.5
