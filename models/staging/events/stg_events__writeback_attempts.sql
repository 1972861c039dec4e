-- Grain: one row per accepted writeback attempt.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    idempotency_key,
    attempt_number,
    target_system,
    nullif(adapter, '') as adapter,
    status,
    fields_required,
    nullif(error_reason, '') as error_reason
from ({{ accepted_events('writeback_attempts') | indent(4) }}) as accepted
