-- Grain: one row per acknowledgement of a logical writeback.

with

acks as (
    select * from {{ ref('stg_events__writeback_acks') }}
    where {{ is_touched() }}
),

writebacks as (
    select * from {{ ref('int_writeback__attempted') }}
)

select
    acks.event_id,
    acks.case_id,
    acks.idempotency_key,
    acks.ack_id,
    acks.occurred_at,
    acks.fields_persisted,
    writebacks.fields_required,
    acks.outcome = 'persisted' as is_persisted,
    acks.occurred_at < writebacks.first_attempted_at as is_before_attempt,
    -- The law: only such an acknowledgement resolves.
    acks.outcome = 'persisted'
    and acks.occurred_at >= writebacks.first_attempted_at
    and acks.fields_persisted >= writebacks.fields_required as is_verifying
from acks
inner join writebacks
    on acks.case_id = writebacks.case_id and acks.idempotency_key = writebacks.idempotency_key
