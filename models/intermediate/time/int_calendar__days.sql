-- Grain: one row per local calendar day, from the month of the day before history_start to beyond the last due date that can be.
{{ config(materialized='table') }}

with

workflows as (
    select * from {{ ref('stg_reference__workflows') }}
),

holidays as (
    select holiday_date
    from {{ ref('stg_reference__business_holidays') }}
    group by holiday_date
),

bounds as (
    select
        cast({{ dbt.date_trunc('month', add_days("cast(" ~ text_literal(var('history_start')) ~ " as date)", -1)) }} as date) as first_date,
        {{ local_date(add_seconds(as_of(), 60 * var('clock_skew_minutes') | float)) }} as last_event_date,
        (
            select coalesce(max(case when sla_unit = 'business_days' then sla_value end), 0)
            from workflows
        ) as business_days,
        (select count(*) from holidays) as holiday_count
),

days as (
    {{ date_series(
        '(select first_date from bounds)',
        '(select ' ~ add_days('last_event_date', 'cast(2 * business_days + holiday_count + 7 as integer)') ~ ' from bounds)',
    ) | indent(4) }}
),

marked as (
    select
        days.date_day,
        {{ is_weekday('days.date_day') }} and holidays.holiday_date is null as is_business_day
    from days
    left join holidays on days.date_day = holidays.holiday_date
)

select
    date_day,
    is_business_day,
    count(case when is_business_day then 1 end) over (
        order by date_day
        rows between unbounded preceding and current row
    ) as business_day_number
from marked
