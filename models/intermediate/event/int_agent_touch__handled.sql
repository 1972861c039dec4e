-- Grain: one row per agent touch.

select
    event_id,
    case_id,
    exception_id,
    agent_ref,
    occurred_at,
    ended_at,
    outcome,
    handle_minutes,
    wrap_up_minutes,
    case
        when handle_minutes is not null or wrap_up_minutes is not null then coalesce(handle_minutes, 0) + coalesce(wrap_up_minutes, 0)
    end as known_minutes,
    logins,
    handoffs,
    copy_pastes
from {{ ref('stg_events__agent_touches') }}
where {{ is_changed() }}
