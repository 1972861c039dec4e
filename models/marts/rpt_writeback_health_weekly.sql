-- Grain: one row per week of the first attempt, target system and adapter.

with

writebacks as (
    select
        *,
        {{ local_week('first_attempted_at') }} as week_start
    from {{ ref('fct_writeback') }}
),

errors as (
    select * from {{ ref('int_writeback_error__top') }}
),

counted as (
    select
        week_start,
        target_system,
        adapter,
        cast(sum(attempt_count) as {{ dbt.type_bigint() }}) as attempts,
        count(*) as logical_writebacks,
        count(case when is_settled then 1 end) as settled,
        count(case when was_verified then 1 end) as verified,
        count(case when is_retried then 1 end) as retried,
        count(case when is_double_written then 1 end) as double_written,
        {{ median('persist_seconds') }} as persist_seconds_median,
        {{ p90('persist_seconds') }} as persist_seconds_p90
    from writebacks
    group by week_start, target_system, adapter
),

final as (
    select
        counted.week_start,
        counted.target_system,
        counted.adapter,
        counted.attempts,
        counted.logical_writebacks,
        counted.settled,
        counted.verified,
        counted.retried,
        counted.double_written,
        counted.persist_seconds_median,
        counted.persist_seconds_p90,
        errors.error_reason as top_error_reason
    from counted
    left join errors
        on
            counted.week_start = errors.week_start
            and counted.target_system = errors.target_system
            and coalesce(counted.adapter, '') = coalesce(errors.adapter, '')
)

select * from final
