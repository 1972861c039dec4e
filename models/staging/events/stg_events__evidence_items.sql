-- Grain: one row per accepted evidence item.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    evidence_type,
    is_valid,
    nullif(uri, '') as uri
from ({{ accepted_events('evidence_items') | indent(4) }}) as accepted
