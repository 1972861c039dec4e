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
    handoffs,
    copy_pastes
from ({{ accepted_events('agent_touches') | indent(4) }}) as accepted
