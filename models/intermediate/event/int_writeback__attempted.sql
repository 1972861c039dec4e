-- Grain: one row per logical writeback, as its attempts tell it: case_id and idempotency_key.

with

attempts as (
    select
        *,
        row_number() over (
            partition by case_id, idempotency_key
            order by occurred_at, {{ byte_order('event_id') }}
        ) as attempt_rank,
        row_number() over (
            partition by case_id, idempotency_key
            order by case when error_reason is null then 1 else 0 end, occurred_at desc, {{ byte_order('event_id') }} desc
        ) as error_rank
    from {{ ref('stg_events__writeback_attempts') }}
    where {{ is_touched() }}
)

select
    case_id,
    idempotency_key,
    min(occurred_at) as first_attempted_at,
    max(occurred_at) as last_attempted_at,
    count(*) as attempt_count,
    min(case when attempt_rank = 1 then target_system end) as target_system,
    min(case when attempt_rank = 1 then adapter end) as adapter,
    min(case when attempt_rank = 1 then fields_required end) as fields_required,
    min(case when error_rank = 1 then error_reason end) as last_error_reason
from attempts
group by case_id, idempotency_key
