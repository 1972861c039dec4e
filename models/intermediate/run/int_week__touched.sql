-- Grain: one row per pass over the units of KPIs and week in which this build may find other units; none where everything is rebuilt.
{{ config(materialized='table') }}

with

left_weeks as (
    select * from {{ ref('int_week__left') }}
),

found_weeks as (
    {{ unit_weeks(before=false) | indent(4) }}
),

own_weeks as (
    select * from left_weeks
    union
    select * from found_weeks
),

-- All cases of a month share its fixed costs: they move with time until it is over, and with every case that comes or goes.
shared_months as (
    select fixed_costs.month
    from {{ ref('int_fixed_cost__shared') }} as fixed_costs
    cross join {{ ref('int_run__planned') }} as plan
    where
        plan.is_increment
        and (
            (fixed_costs.has_begun and {{ to_utc(dbt.dateadd('month', 1, 'fixed_costs.month')) }} > plan.last_as_of)
            or exists (
                select 1 from own_weeks
                where
                    own_weeks.pass = 'cases_by_triggered_at'
                    and own_weeks.week_start < {{ dbt.dateadd('month', 1, 'fixed_costs.month') }}
                    and {{ add_days('own_weeks.week_start', 7) }} > fixed_costs.month
            )
        )
    group by fixed_costs.month
),

shared_weeks as (
    select cast({{ dbt.date_trunc('week', 'calendar.date_day') }} as date) as week_start
    from {{ ref('int_calendar__days') }} as calendar
    inner join shared_months
        on
            calendar.date_day >= shared_months.month
            and calendar.date_day < {{ dbt.dateadd('month', 1, 'shared_months.month') }}
)

select
    pass,
    week_start
from own_weeks

union

select
    'charges_by_charged_at' as pass,
    week_start
from shared_weeks
