-- Fails if a week is missing between the first and the last that are published, or if the week of as_of or one in which a case was
-- triggered is not among them.

with

weeks as (
    select week_start
    from {{ ref('rpt_kpi_weekly') }}
    group by week_start
),

bounds as (
    select
        min(week_start) as first_week,
        max(week_start) as last_week
    from weeks
),

moments as (
    select
        {{ local_week('triggered_at') }} as week_start,
        'a case was triggered in it' as reason
    from {{ ref('fct_case_journey') }}

    union all

    select
        {{ local_week(as_of()) }} as week_start,
        'as_of lies in it' as reason
    from bounds
    where first_week is not null

    union all

    select
        {{ add_days('weeks.week_start', 7) }} as week_start,
        'it follows a published week' as reason
    from weeks
    inner join bounds on weeks.week_start < bounds.last_week
)

select
    moments.week_start,
    moments.reason
from moments
left join weeks on moments.week_start = weeks.week_start
where weeks.week_start is null
group by moments.week_start, moments.reason
