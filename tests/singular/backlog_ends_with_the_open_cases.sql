-- Fails if the backlog of the last day is not the cases that are open then, or its overdue ones not those that are due by as_of, if a
-- day doesn't open with what the day before closed with, or if a day's moves don't lead from the one to the other.

with

backlog as (
    select
        *,
        lag(closing) over (partition by workflow order by day) as closing_before,
        max(day) over () as last_day
    from {{ ref('rpt_backlog_daily') }}
),

last_days as (
    select max(day) as last_day
    from backlog
),

-- Clocks may run a few minutes ahead of as_of, into the next day.
cases as (
    select
        workflow,
        due_at,
        {{ local_date('triggered_at') }} as triggered_day,
        {{ local_date('coalesce(resolved_at, closed_at)') }} as left_day
    from {{ ref('fct_case_journey') }}
),

still_open as (
    select
        cases.workflow,
        cases.due_at
    from cases
    inner join last_days
        on cases.triggered_day <= last_days.last_day and (cases.left_day is null or cases.left_day > last_days.last_day)
),

open_cases as (
    select
        coalesce(workflow, '(all)') as workflow,
        count(*) as open_cases,
        count(case when due_at <= {{ as_of() }} then 1 end) as overdue_cases
    from still_open
    group by grouping sets ((workflow), ()) -- noqa: PRS
)

select
    backlog.day,
    backlog.workflow,
    backlog.opening,
    backlog.closing_before,
    backlog.closing,
    open_cases.open_cases,
    backlog.overdue,
    open_cases.overdue_cases
from backlog
left join open_cases on backlog.workflow = open_cases.workflow
where
    backlog.opening <> coalesce(backlog.closing_before, 0)
    or backlog.opening + backlog.triggered - backlog.resolved - backlog.closed <> backlog.closing
    or backlog.overdue > backlog.closing
    or (
        backlog.day = backlog.last_day
        and (
            backlog.last_day <> {{ local_date(as_of()) }}
            or backlog.closing <> coalesce(open_cases.open_cases, 0)
            or backlog.overdue <> coalesce(open_cases.overdue_cases, 0)
        )
    )
