-- Grain: one row per exception.

with

exceptions as (
    select * from {{ ref('stg_events__exceptions') }}
    where {{ is_changed() }}
),

touches as (
    select
        *,
        row_number() over (partition by exception_id order by occurred_at, {{ byte_order('event_id') }}) as touch_number
    from {{ ref('int_agent_touch__handled') }}
    where exception_id is not null and {{ is_changed() }}
),

handled as (
    select
        exception_id,
        count(*) as touch_count,
        min(case when touch_number = 1 then ended_at end) as first_pass_closed_at,
        min(case when touch_number = 1 then outcome end) as first_outcome
    from touches
    group by exception_id
)

select
    exceptions.event_id as exception_id,
    exceptions.case_id,
    exceptions.reason,
    exceptions.has_context,
    exceptions.occurred_at as raised_at,
    coalesce(handled.touch_count, 0) as touch_count,
    handled.first_pass_closed_at,
    coalesce(handled.touch_count > 1, false) as is_escaped,
    coalesce(handled.touch_count = 1 and handled.first_outcome = 'resolved', false) as is_first_touch_resolved
from exceptions
left join handled on exceptions.event_id = handled.exception_id
