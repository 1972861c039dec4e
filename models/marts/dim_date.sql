-- Grain: one row per local day, from the first listed week to the last.

with

weeks as (
    select * from {{ ref('int_week__listed') }}
),

days as (
    {{ date_series(
        '(select min(week_start) from weeks)',
        '(select ' ~ add_days('max(week_start)', 6) ~ ' from weeks)',
    ) | indent(4) }}
),

holidays as (
    select
        holiday_date,
        min({{ byte_order("coalesce(name, '')") }}) as holiday_name
    from {{ ref('stg_reference__business_holidays') }}
    group by holiday_date
)

select
    days.date_day,
    cast({{ dbt.date_trunc('week', 'days.date_day') }} as date) as week_start,
    cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) as month_start,
    cast({{ dbt.date_trunc('quarter', 'days.date_day') }} as date) as quarter_start,
    {{ is_weekday('days.date_day') }} and holidays.holiday_date is null as is_business_day,
    nullif(holidays.holiday_name, '') as holiday_name
from days
left join holidays on days.date_day = holidays.holiday_date
