-- Grain: one row per logical writeback: case_id and idempotency_key.
{{ config(materialized='incremental', incremental_strategy='touched_cases', on_schema_change='fail') }}

with

writebacks as (
    select * from {{ ref('int_writeback__attempted') }}
    where {{ is_touched() }}
),

acks as (
    select
        case_id,
        idempotency_key,
        min(case when is_verifying then occurred_at end) as verified_at,
        min(case when is_persisted then {{ byte_order('ack_id') }} end) as lowest_ack_id,
        max(case when is_persisted then {{ byte_order('ack_id') }} end) as highest_ack_id
    from {{ ref('int_writeback__acknowledged') }}
    group by case_id, idempotency_key
)

select
    writebacks.*,
    acks.verified_at,
    acks.verified_at is not null as is_verified,
    {{ seconds_between('writebacks.first_attempted_at', 'acks.verified_at') }} as persist_seconds,
    acks.verified_at is not null
    or {{ times_out_at('writebacks.last_attempted_at') }} <= {{ as_of() }} as is_settled,
    writebacks.attempt_count > 1 as is_retried,
    coalesce(acks.lowest_ack_id <> acks.highest_ack_id, false) as is_double_written
from writebacks
left join acks
    on writebacks.case_id = acks.case_id and writebacks.idempotency_key = acks.idempotency_key
