-- Grain: one row per visible raw row of writeback_acks whose event_id is not simply that of one accepted row.

with

attempted_writebacks as (
    select
        case_id,
        idempotency_key
    from {{ ref('stg_events__writeback_attempts') }}
    group by case_id, idempotency_key
),

{{ exceptional_events(
    'writeback_acks',
    parents='left join attempted_writebacks'
        ~ ' on raw_rows.case_id = attempted_writebacks.case_id'
        ~ ' and raw_rows.idempotency_key = attempted_writebacks.idempotency_key',
    is_orphan_reference='attempted_writebacks.case_id is null',
) }}
