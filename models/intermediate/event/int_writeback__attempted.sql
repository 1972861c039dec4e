-- Grain: one row per logical writeback, as its attempts tell it: case_id and idempotency_key.

with

attempts as {{ stored_in_increments() }} (
    select * from {{ ref('stg_events__writeback_attempts') }}
    where {{ is_changed() }}
),

writebacks as (
    select
        case_id,
        idempotency_key,
        min(occurred_at) as first_attempted_at,
        max(occurred_at) as last_attempted_at,
        count(*) as attempt_count,
        min(target_system) as target_system,
        min(adapter) as adapter,
        min(fields_required) as fields_required,
        min(error_reason) as error_reason
    from attempts
    group by case_id, idempotency_key
),

-- Where there is one attempt, all is said.
ranked_attempts as (
    select
        attempts.*,
        row_number() over (
            partition by attempts.case_id, attempts.idempotency_key
            order by attempts.occurred_at, {{ byte_order('attempts.event_id') }}
        ) as attempt_rank,
        row_number() over (
            partition by attempts.case_id, attempts.idempotency_key
            order by
                case when attempts.error_reason is null then 1 else 0 end,
                attempts.occurred_at desc, {{ byte_order('attempts.event_id') }} desc
        ) as error_rank
    from attempts
    inner join writebacks
        on
            attempts.case_id = writebacks.case_id
            and attempts.idempotency_key = writebacks.idempotency_key
            and writebacks.attempt_count > 1
),

retried as (
    select
        case_id,
        idempotency_key,
        min(case when attempt_rank = 1 then target_system end) as target_system,
        min(case when attempt_rank = 1 then adapter end) as adapter,
        min(case when attempt_rank = 1 then fields_required end) as fields_required,
        min(case when error_rank = 1 then error_reason end) as error_reason
    from ranked_attempts
    group by case_id, idempotency_key
)

select
    writebacks.case_id,
    writebacks.idempotency_key,
    writebacks.first_attempted_at,
    writebacks.last_attempted_at,
    writebacks.attempt_count,
    writebacks.attempt_count > 1 as is_retried,
    case when writebacks.attempt_count > 1 then retried.target_system else writebacks.target_system end as target_system,
    case when writebacks.attempt_count > 1 then retried.adapter else writebacks.adapter end as adapter,
    case when writebacks.attempt_count > 1 then retried.fields_required else writebacks.fields_required end as fields_required,
    case when writebacks.attempt_count > 1 then retried.error_reason else writebacks.error_reason end as last_error_reason
from writebacks
left join retried on writebacks.case_id = retried.case_id and writebacks.idempotency_key = retried.idempotency_key
