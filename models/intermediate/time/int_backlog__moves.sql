-- Grain: one row per local day, workflow, and way in or out of the backlog of open cases that a case took.

with

cases as (
    select
        workflow,
        {{ local_date('triggered_at') }} as triggered_day,
        {{ local_date('coalesce(resolved_at, closed_at)') }} as left_day,
        case when is_resolved then 'resolved' when is_closed_unresolved then 'closed' end as left_as,
        -- A case is overdue from the day by whose end it is due, and not before its time has come.
        case
            when due_at > {{ as_of() }} then cast(null as date)
            when {{ to_utc(local_date('due_at')) }} = due_at then {{ add_days(local_date('due_at'), -1) }}
            else {{ local_date('due_at') }}
        end as overdue_day
    from {{ ref('int_case__assembled') }}
),

-- What happened before the trigger counts on its day.
dated as (
    select
        workflow,
        triggered_day,
        case when left_day < triggered_day then triggered_day else left_day end as left_day,
        left_as,
        case when overdue_day < triggered_day then triggered_day else overdue_day end as overdue_day
    from cases
),

moves as (
    select
        workflow,
        triggered_day as day,
        'triggered' as move
    from dated

    union all

    select
        workflow,
        left_day as day,
        left_as as move
    from dated
    where left_day is not null

    union all

    select
        workflow,
        overdue_day as day,
        'overdue' as move
    from dated
    where overdue_day is not null and (left_day is null or overdue_day < left_day)

    union all

    select
        workflow,
        left_day as day,
        'no_longer_overdue' as move
    from dated
    where overdue_day < left_day
)

select
    workflow,
    day,
    move,
    count(*) as cases
from moves
group by workflow, day, move
