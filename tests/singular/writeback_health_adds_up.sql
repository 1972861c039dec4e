-- Fails if the writebacks of a week, target system and adapter are not those of fct_writeback, or if an error is named that none of their
-- attempts gives, or none where one gives it.

with

health as (
    select
        *,
        coalesce(adapter, '(unknown)') as adapter_or_unknown
    from {{ ref('rpt_writeback_health_weekly') }}
),

writebacks as (
    select
        *,
        coalesce(adapter, '(unknown)') as adapter_or_unknown,
        {{ local_week('first_attempted_at') }} as week_start
    from {{ ref('fct_writeback') }}
),

expected as (
    select
        week_start,
        target_system,
        adapter_or_unknown,
        sum(attempt_count) as attempts,
        count(*) as logical_writebacks,
        sum(case when is_settled then 1 else 0 end) as settled,
        sum(case when first_verified_at is not null then 1 else 0 end) as verified,
        sum(case when attempt_count > 1 then 1 else 0 end) as retried,
        sum(case when is_double_written then 1 else 0 end) as double_written,
        max(persist_seconds) as slowest_seconds
    from writebacks
    group by week_start, target_system, adapter_or_unknown
),

errors as (
    select
        writebacks.week_start,
        writebacks.target_system,
        writebacks.adapter_or_unknown,
        attempts.error_reason,
        count(*) as attempts
    from {{ ref('stg_events__writeback_attempts') }} as attempts
    inner join writebacks
        on
            attempts.case_id = writebacks.case_id
            and attempts.idempotency_key = writebacks.idempotency_key
    where attempts.error_reason is not null
    group by writebacks.week_start, writebacks.target_system, writebacks.adapter_or_unknown, attempts.error_reason
),

most as (
    select
        week_start,
        target_system,
        adapter_or_unknown,
        max(attempts) as attempts
    from errors
    group by week_start, target_system, adapter_or_unknown
),

top_errors as (
    select
        errors.week_start,
        errors.target_system,
        errors.adapter_or_unknown,
        min({{ byte_order('errors.error_reason') }}) as error_reason
    from errors
    inner join most
        on
            errors.week_start = most.week_start
            and errors.target_system = most.target_system
            and errors.adapter_or_unknown = most.adapter_or_unknown
            and errors.attempts = most.attempts
    group by errors.week_start, errors.target_system, errors.adapter_or_unknown
)

select
    coalesce(health.week_start, expected.week_start) as week_start,
    coalesce(health.target_system, expected.target_system) as target_system,
    coalesce(health.adapter_or_unknown, expected.adapter_or_unknown) as adapter,
    health.top_error_reason,
    top_errors.error_reason as expected_error_reason
from health
full outer join expected
    on
        health.week_start = expected.week_start
        and health.target_system = expected.target_system
        and health.adapter_or_unknown = expected.adapter_or_unknown
left join top_errors
    on
        expected.week_start = top_errors.week_start
        and expected.target_system = top_errors.target_system
        and expected.adapter_or_unknown = top_errors.adapter_or_unknown
where
    health.week_start is null
    or expected.week_start is null
    or health.attempts <> expected.attempts
    or health.logical_writebacks <> expected.logical_writebacks
    or health.settled <> expected.settled
    or health.verified <> expected.verified
    or health.retried <> expected.retried
    or health.double_written <> expected.double_written
    or health.persist_seconds_p90 > expected.slowest_seconds
    or health.top_error_reason is distinct from top_errors.error_reason
