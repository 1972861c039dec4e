-- Grain: one row per accepted agent touch.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    nullif(exception_id, '') as exception_id,
    agent_ref,
    ended_at,
    outcome,
    handle_minutes,
    wrap_up_minutes,
    logins,
    handoffs
from {{ ref('base_events__agent_touches') }}
where row_status = 'accepted'
