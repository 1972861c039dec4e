-- Grain: one row per open case: neither resolved nor closed.

with

open_cases as (
    select
        case_id,
        workflow,
        triggered_at,
        {{ minutes_between('triggered_at', as_of()) }} as age_minutes,
        due_at,
        due_at <= {{ as_of() }} as is_overdue,
        {{ minutes_between(as_of(), 'due_at') }} as minutes_left,
        {{ rate(seconds_between('triggered_at', as_of()), seconds_between('triggered_at', 'due_at')) }} as share_of_sla_used,
        stage
    from {{ ref('fct_case_journey') }}
    where resolution_path = 'open'
)

select
    case_id,
    workflow,
    triggered_at,
    age_minutes,
    due_at,
    minutes_left,
    share_of_sla_used,
    case
        when is_overdue then 'overdue'
        when share_of_sla_used >= 0.5 then 'at_risk'
        else 'on_track'
    end as state,
    stage,
    case stage
        {%- set stages = funnel_stages() | list %}
        {%- for next_stage in stages[1:] %}
        when '{{ stages[loop.index0] }}' then '{{ next_stage }}'
        {%- endfor %}
    end as waiting_for
from open_cases
