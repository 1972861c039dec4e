-- The law, recomputed from the accepted events alone. Fails if a case is resolved though the system of record has not acknowledged
-- each of its writebacks (or it has none), if it is unresolved though it has, or if it was resolved at another moment.

with

attempts as (
    select
        *,
        row_number() over (
            partition by case_id, idempotency_key
            order by occurred_at, {{ byte_order('event_id') }}
        ) as attempt_rank
    from {{ ref('stg_events__writeback_attempts') }}
),

first_attempts as (
    select * from attempts
    where attempt_rank = 1
),

acks as (
    select * from {{ ref('stg_events__writeback_acks') }}
),

acknowledged as (
    select
        first_attempts.case_id,
        first_attempts.idempotency_key,
        min(acks.occurred_at) as acknowledged_at
    from first_attempts
    left join acks
        on
            first_attempts.case_id = acks.case_id
            and first_attempts.idempotency_key = acks.idempotency_key
            and acks.outcome = 'persisted'
            and first_attempts.occurred_at <= acks.occurred_at
            and first_attempts.fields_required <= acks.fields_persisted
    group by first_attempts.case_id, first_attempts.idempotency_key
),

expected as (
    select
        case_id,
        case when count(acknowledged_at) = count(*) then max(acknowledged_at) end as resolved_at
    from acknowledged
    group by case_id
),

cases as (
    select * from {{ ref('fct_case_journey') }}
)

select
    cases.case_id,
    cases.is_resolved,
    cases.resolved_at,
    expected.resolved_at as expected_resolved_at
from cases
left join expected on cases.case_id = expected.case_id
where
    cases.resolved_at is distinct from expected.resolved_at
    or cases.is_resolved is distinct from (expected.resolved_at is not null)
    or (cases.is_automated and expected.resolved_at is null)
