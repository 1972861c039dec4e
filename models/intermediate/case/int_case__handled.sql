-- Grain: one row per case with an exception or an agent touch.

with

exceptions as (
    select
        case_id,
        count(*) as exception_count
    from {{ ref('stg_events__exceptions') }}
    where {{ is_touched() }}
    group by case_id
),

touches as (
    select
        case_id,
        count(*) as agent_touch_count,
        {{ exact_sum('handle_minutes + wrap_up_minutes') }} as agent_minutes
    from {{ ref('stg_events__agent_touches') }}
    where {{ is_touched() }}
    group by case_id
)

select
    coalesce(exceptions.case_id, touches.case_id) as case_id,
    coalesce(exceptions.exception_count, 0) as exception_count,
    coalesce(touches.agent_touch_count, 0) as agent_touch_count,
    coalesce(touches.agent_minutes, 0) as agent_minutes
from exceptions
full outer join touches on exceptions.case_id = touches.case_id
