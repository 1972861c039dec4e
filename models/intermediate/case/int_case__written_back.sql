-- Grain: one row per case with a logical writeback.

with

counted as (
    select
        case_id,
        count(*) as writeback_count,
        count(verified_at) as verified_writeback_count,
        count(case when is_settled then 1 end) as settled_writeback_count,
        max(attempt_count) as greatest_attempt_count,
        max(verified_at) as last_verified_at
    from {{ ref('int_writeback__verified') }}
    where {{ is_touched() }}
    group by case_id
)

select
    case_id,
    writeback_count,
    verified_writeback_count,
    settled_writeback_count,
    greatest_attempt_count,
    -- The law: every writeback is acknowledged, or the case is not resolved.
    case when verified_writeback_count = writeback_count then last_verified_at end as resolved_at
from counted
