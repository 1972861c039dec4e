-- Grain: one row per accepted message event.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    message_id,
    channel,
    status,
    is_fallback
from ({{ accepted_events('message_events') | indent(4) }}) as accepted
