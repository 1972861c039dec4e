-- Grain: one row per acknowledgement that persisted too few fields of a writeback that is not verified.

select
    acks.event_id,
    acks.case_id,
    acks.idempotency_key,
    acks.fields_persisted,
    acks.fields_required
from {{ ref('int_writeback__acknowledged') }} as acks
inner join {{ ref('int_writeback__verified') }} as writebacks
    on acks.case_id = writebacks.case_id and acks.idempotency_key = writebacks.idempotency_key
where
    acks.is_persisted
    and acks.fields_persisted < acks.fields_required
    and not writebacks.is_verified
