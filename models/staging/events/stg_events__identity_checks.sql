-- Grain: one row per accepted identity check.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    method,
    outcome
from ({{ accepted_events('identity_checks') | indent(4) }}) as accepted
