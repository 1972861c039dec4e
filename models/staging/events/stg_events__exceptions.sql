-- Grain: one row per accepted exception.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    reason,
    has_context
from ({{ accepted_events('exceptions') | indent(4) }}) as accepted
