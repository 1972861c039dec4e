-- Grain: one row per accepted action event.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    nullif(message_id, '') as message_id,
    action,
    step,
    actor,
    nullif(actor_ref, '') as actor_ref,
    nullif(error_reason, '') as error_reason
from ({{ accepted_events('action_events') | indent(4) }}) as accepted
