-- Grain: one row per acknowledgement that came before the first attempt, or persisted too few fields of a never verified writeback.

with

acks as (
    select * from {{ ref('stg_events__writeback_acks') }}
    where {{ is_changed() }}
),

writebacks as (
    select * from {{ ref('int_writeback__verified') }}
    where {{ is_changed() }}
),

judged as (
    select
        acks.event_id,
        acks.case_id,
        acks.idempotency_key,
        acks.fields_persisted,
        writebacks.fields_required,
        acks.occurred_at < writebacks.first_attempted_at as is_before_attempt,
        acks.outcome = 'persisted'
        and not writebacks.was_verified
        and (
            acks.fields_persisted < writebacks.fields_required
            or acks.fields_persisted is null and writebacks.fields_required >= 1
        ) as is_partial
    from acks
    inner join writebacks
        on acks.case_id = writebacks.case_id and acks.idempotency_key = writebacks.idempotency_key
)

select *
from judged
where is_before_attempt or is_partial
