-- Grain: one row per logical writeback: case_id and idempotency_key.

with

attempted as {{ stored_in_increments() }} (
    select * from {{ ref('int_writeback__attempted') }}
    where {{ is_changed() }}
),

acks as {{ stored_in_increments() }} (
    select * from {{ ref('stg_events__writeback_acks') }}
    where {{ is_changed() }}
),

acknowledged as (
    select
        acks.case_id,
        acks.idempotency_key,
        -- The law: only such an acknowledgement resolves.
        min(case when {{ is_sufficient_ack('acks', 'attempted') }} then acks.occurred_at end) as first_verified_at,
        max(case when acks.outcome = 'reversed' then acks.occurred_at end) as last_reversed_at,
        min(case when acks.outcome = 'persisted' then {{ byte_order('acks.ack_id') }} end) as lowest_ack_id,
        max(case when acks.outcome = 'persisted' then {{ byte_order('acks.ack_id') }} end) as highest_ack_id
    from acks
    inner join attempted on acks.case_id = attempted.case_id and acks.idempotency_key = attempted.idempotency_key
    group by acks.case_id, acks.idempotency_key
),

-- Each reversal ends a stretch. At the same moment it comes before what is persisted.
placed_acks as (
    select
        acks.case_id,
        acks.idempotency_key,
        case when acks.outcome = 'persisted' then {{ byte_order('acks.ack_id') }} end as persisted_ack_id,
        case
            when acks.occurred_at > acknowledged.last_reversed_at and {{ is_sufficient_ack('acks', 'attempted') }} then acks.occurred_at
        end as verified_again_at,
        sum(case when acks.outcome = 'reversed' then 1 else 0 end) over (
            partition by acks.case_id, acks.idempotency_key
            order by acks.occurred_at, case when acks.outcome = 'reversed' then 0 else 1 end, {{ byte_order('acks.event_id') }}
        ) as stretch_number
    from acks
    inner join attempted on acks.case_id = attempted.case_id and acks.idempotency_key = attempted.idempotency_key
    inner join acknowledged
        on
            acks.case_id = acknowledged.case_id
            and acks.idempotency_key = acknowledged.idempotency_key
            and acknowledged.last_reversed_at is not null
),

stretches as (
    select
        case_id,
        idempotency_key,
        min(verified_again_at) as verified_again_at,
        min(persisted_ack_id) <> max(persisted_ack_id) as is_double_written
    from placed_acks
    group by case_id, idempotency_key, stretch_number
),

reversed as (
    select
        case_id,
        idempotency_key,
        min(verified_again_at) as verified_again_at,
        bool_or(is_double_written) as is_double_written
    from stretches
    group by case_id, idempotency_key
),

judged as (
    select
        attempted.*,
        acknowledged.first_verified_at,
        case when acknowledged.last_reversed_at > acknowledged.first_verified_at then acknowledged.last_reversed_at end as reversed_at,
        reversed.verified_again_at,
        coalesce(reversed.is_double_written, acknowledged.lowest_ack_id <> acknowledged.highest_ack_id, false) as is_double_written
    from attempted
    left join acknowledged on attempted.case_id = acknowledged.case_id and attempted.idempotency_key = acknowledged.idempotency_key
    left join reversed on attempted.case_id = reversed.case_id and attempted.idempotency_key = reversed.idempotency_key
)

select
    case_id,
    idempotency_key,
    target_system,
    adapter,
    fields_required,
    first_attempted_at,
    last_attempted_at,
    attempt_count,
    is_retried,
    last_error_reason,
    first_verified_at,
    first_verified_at is not null as was_verified,
    reversed_at,
    reversed_at is not null as is_reversed,
    case when reversed_at is null then first_verified_at else verified_again_at end as verified_at,
    case when reversed_at is null then first_verified_at else verified_again_at end is not null as is_verified,
    {{ seconds_between('first_attempted_at', 'first_verified_at') }} as persist_seconds,
    first_verified_at is not null or {{ times_out_at('last_attempted_at') }} <= {{ as_of() }} as is_settled,
    is_double_written
from judged
