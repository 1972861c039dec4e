-- Grain: one row per accepted exception.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    reason,
    has_context
from {{ ref('base_events__exceptions') }}
where row_status = 'accepted'
