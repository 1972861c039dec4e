-- Grain: one row per week, target system and adapter with an error: the most frequent over all attempts, by first attempts.

with

attempts as (
    select
        case_id,
        idempotency_key,
        error_reason
    from {{ ref('stg_events__writeback_attempts') }}
    where error_reason is not null
),

writebacks as (
    select * from {{ ref('int_writeback__verified') }}
),

counted as (
    select
        {{ local_week('writebacks.first_attempted_at') }} as week_start,
        writebacks.target_system,
        writebacks.adapter,
        attempts.error_reason,
        count(*) as attempts
    from attempts
    inner join writebacks
        on
            attempts.case_id = writebacks.case_id
            and attempts.idempotency_key = writebacks.idempotency_key
    group by {{ local_week('writebacks.first_attempted_at') }}, writebacks.target_system, writebacks.adapter, attempts.error_reason
),

ranked as (
    select
        *,
        row_number() over (
            partition by week_start, target_system, adapter
            order by attempts desc, {{ byte_order('error_reason') }} asc
        ) as error_rank
    from counted
)

select
    week_start,
    target_system,
    adapter,
    error_reason
from ranked
where error_rank = 1
