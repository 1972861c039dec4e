-- Grain: one row per accepted identity check.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    method,
    outcome
from {{ ref('base_events__identity_checks') }}
where row_status = 'accepted'
