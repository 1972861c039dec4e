-- Grain: one row per case: what systems and agents did for it, and what was collected.

with

cases as (
    select case_id from {{ ref('int_case__opened') }}
    where {{ is_changed() }}
),

written_back as (
    select
        case_id,
        count(*) as writeback_count,
        count(verified_at) as verified_writeback_count,
        count(case when is_settled then 1 end) as settled_writeback_count,
        count(reversed_at) as reversed_writeback_count,
        max(attempt_count) as greatest_attempt_count,
        max(verified_at) as last_verified_at,
        min(case when not is_settled then {{ times_out_at('last_attempted_at') }} end) as next_timeout_at
    from {{ ref('int_writeback__verified') }}
    where {{ is_changed() }}
    group by case_id
),

raised as (
    select
        case_id,
        count(*) as exception_count
    from {{ ref('stg_events__exceptions') }}
    where {{ is_changed() }}
    group by case_id
),

touched as (
    select
        case_id,
        count(*) as agent_touch_count,
        {{ exact_sum('known_minutes') }} as agent_minutes
    from {{ ref('int_agent_touch__handled') }}
    where {{ is_changed() }}
    group by case_id
),

paid as (
    select
        case_id,
        {{ exact_sum('net_amount') }} as net_collected,
        {{ exact_sum("case when flow = 'automated' then net_amount else 0 end") }} as net_collected_automated,
        min(case when status = 'succeeded' then occurred_at end) as first_paid_at,
        bool_or(flow = 'automated' and status = 'succeeded') as has_automated_payment
    from {{ ref('int_payment__converted') }}
    where {{ is_changed() }}
    group by case_id
),

-- Of a case that was closed, reopened and closed again, the last word counts.
closures as (
    select
        case_id,
        max(occurred_at) as occurred_at,
        {{ value_of_first('kind', ['occurred_at desc', byte_order('event_id') ~ ' desc']) }} as kind,
        {{ value_of_first('reason', ['occurred_at desc', byte_order('event_id') ~ ' desc']) }} as reason
    from {{ ref('stg_events__case_closures') }}
    where {{ is_changed() }}
    group by case_id
)

select
    cases.case_id,
    coalesce(written_back.writeback_count, 0) as writeback_count,
    coalesce(written_back.verified_writeback_count, 0) as verified_writeback_count,
    coalesce(written_back.settled_writeback_count, 0) as settled_writeback_count,
    coalesce(written_back.reversed_writeback_count, 0) as reversed_writeback_count,
    written_back.greatest_attempt_count,
    written_back.next_timeout_at,
    -- The law: every writeback is acknowledged, or the case is not resolved.
    case when written_back.verified_writeback_count = written_back.writeback_count then written_back.last_verified_at end as resolved_at,
    coalesce(raised.exception_count, 0) as exception_count,
    coalesce(touched.agent_touch_count, 0) as agent_touch_count,
    case when touched.agent_touch_count > 0 then touched.agent_minutes else 0 end as agent_minutes,
    coalesce(paid.net_collected, 0) as net_collected,
    coalesce(paid.net_collected_automated, 0) as net_collected_automated,
    paid.first_paid_at,
    coalesce(paid.has_automated_payment, false) as has_automated_payment,
    case when closures.kind = 'closed' then closures.occurred_at end as closed_at,
    case when closures.kind = 'closed' then closures.reason end as closure_reason
from cases
left join written_back on cases.case_id = written_back.case_id
left join raised on cases.case_id = raised.case_id
left join touched on cases.case_id = touched.case_id
left join paid on cases.case_id = paid.case_id
left join closures on cases.case_id = closures.case_id
