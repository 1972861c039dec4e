-- Grain: one row per case: what systems and agents did for it, and what was collected.

with

opened as (
    select case_id from {{ ref('int_case__opened') }}
    where {{ is_touched() }}
),

written_back as (
    select * from {{ ref('int_case__written_back') }}
),

handled as (
    select * from {{ ref('int_case__handled') }}
),

paid as (
    select * from {{ ref('int_case__paid') }}
)

select
    opened.case_id,
    coalesce(written_back.writeback_count, 0) as writeback_count,
    coalesce(written_back.verified_writeback_count, 0) as verified_writeback_count,
    coalesce(written_back.settled_writeback_count, 0) as settled_writeback_count,
    written_back.greatest_attempt_count,
    written_back.resolved_at,
    coalesce(handled.exception_count, 0) as exception_count,
    coalesce(handled.agent_touch_count, 0) as agent_touch_count,
    coalesce(handled.agent_minutes, 0) as agent_minutes,
    coalesce(paid.net_collected, 0) as net_collected,
    coalesce(paid.net_collected_automated, 0) as net_collected_automated,
    coalesce(paid.has_automated_payment, false) as has_automated_payment
from opened
left join written_back on opened.case_id = written_back.case_id
left join handled on opened.case_id = handled.case_id
left join paid on opened.case_id = paid.case_id
