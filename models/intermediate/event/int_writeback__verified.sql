-- Grain: one row per logical writeback: case_id and idempotency_key.

with

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
    from {{ ref('stg_events__writeback_attempts') }}
    where {{ is_changed() }}
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
    from {{ ref('stg_events__writeback_attempts') }} as attempts
    inner join writebacks
        on
            attempts.case_id = writebacks.case_id
            and attempts.idempotency_key = writebacks.idempotency_key
            and writebacks.attempt_count > 1
    where {{ is_changed('attempts.case_id') }}
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
),

attempted as (
    select
        writebacks.case_id,
        writebacks.idempotency_key,
        writebacks.first_attempted_at,
        writebacks.last_attempted_at,
        writebacks.attempt_count,
        coalesce(retried.target_system, writebacks.target_system) as target_system,
        coalesce(retried.adapter, writebacks.adapter) as adapter,
        coalesce(retried.fields_required, writebacks.fields_required) as fields_required,
        coalesce(retried.error_reason, writebacks.error_reason) as last_error_reason
    from writebacks
    left join retried on writebacks.case_id = retried.case_id and writebacks.idempotency_key = retried.idempotency_key
),

acks as (
    select * from {{ ref('stg_events__writeback_acks') }}
    where outcome = 'persisted' and {{ is_changed() }}
),

acknowledged as (
    select
        acks.case_id,
        acks.idempotency_key,
        -- The law: only such an acknowledgement resolves.
        min(case
            when acks.occurred_at >= attempted.first_attempted_at and acks.fields_persisted >= attempted.fields_required
                then acks.occurred_at
        end) as verified_at,
        min({{ byte_order('acks.ack_id') }}) as lowest_ack_id,
        max({{ byte_order('acks.ack_id') }}) as highest_ack_id
    from acks
    inner join attempted on acks.case_id = attempted.case_id and acks.idempotency_key = attempted.idempotency_key
    group by acks.case_id, acks.idempotency_key
)

select
    attempted.*,
    acknowledged.verified_at,
    acknowledged.verified_at is not null as is_verified,
    {{ seconds_between('attempted.first_attempted_at', 'acknowledged.verified_at') }} as persist_seconds,
    acknowledged.verified_at is not null
    or {{ times_out_at('attempted.last_attempted_at') }} <= {{ as_of() }} as is_settled,
    attempted.attempt_count > 1 as is_retried,
    coalesce(acknowledged.lowest_ack_id <> acknowledged.highest_ack_id, false) as is_double_written
from attempted
left join acknowledged
    on attempted.case_id = acknowledged.case_id and attempted.idempotency_key = acknowledged.idempotency_key
