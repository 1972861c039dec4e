-- Grain: one row per agent touch.

select
    event_id,
    case_id,
    exception_id,
    occurred_at,
    ended_at,
    outcome,
    handle_minutes,
    wrap_up_minutes,
    logins,
    handoffs
from {{ ref('stg_events__agent_touches') }}
where {{ is_changed() }}
