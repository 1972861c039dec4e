-- Grain: one row per visible raw row of writeback_acks.

with

attempted_writebacks as (
    select
        case_id,
        idempotency_key
    from {{ ref('stg_events__writeback_attempts') }}
    group by case_id, idempotency_key
),

{{ classified_events(
    'writeback_acks',
    parents='left join attempted_writebacks'
        ~ ' on deliveries.case_id = attempted_writebacks.case_id'
        ~ ' and deliveries.idempotency_key = attempted_writebacks.idempotency_key',
    is_orphan_reference='attempted_writebacks.case_id is null',
) }}
