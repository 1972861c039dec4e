-- Grain: one row per accepted writeback acknowledgement.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    idempotency_key,
    ack_id,
    outcome,
    fields_persisted
from ({{ accepted_events('writeback_acks') | indent(4) }}) as accepted
