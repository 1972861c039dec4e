-- Grain: one row per accepted closure: a case that was closed without being resolved, or reopened.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    kind,
    nullif(reason, '') as reason,
    actor
from ({{ accepted_events('case_closures') | indent(4) }}) as accepted
