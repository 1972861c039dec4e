-- Grain: one row per accepted evidence item.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    evidence_type,
    is_valid,
    nullif(uri, '') as uri
from {{ ref('base_events__evidence_items') }}
where row_status = 'accepted'
