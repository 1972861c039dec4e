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
from {{ ref('base_events__message_events') }}
where row_status = 'accepted'
