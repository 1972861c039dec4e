-- Grain: one row per logical writeback: case_id and idempotency_key.
{{ config(materialized='view') }}

select
    case_id,
    idempotency_key,
    target_system,
    adapter,
    fields_required,
    first_attempted_at,
    last_attempted_at,
    attempt_count,
    first_verified_at,
    was_verified,
    reversed_at,
    is_reversed,
    verified_at,
    is_verified,
    persist_seconds,
    is_settled,
    is_retried,
    is_double_written,
    last_error_reason
from {{ ref('int_writeback__verified') }}
