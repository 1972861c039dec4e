-- Grain: one row per local day and currency that has a rate by then; the reporting currency is worth 1.
{{ config(materialized='table') }}

with

calendar as (
    select date_day from {{ ref('int_calendar__days') }}
),

periods as (
    select
        currency,
        rate,
        valid_from,
        lead(valid_from) over (partition by currency order by valid_from) as next_valid_from
    from {{ ref('stg_reference__fx_rates') }}
    where currency <> {{ text_literal(var("reporting_currency")) }}
)

select
    calendar.date_day,
    periods.currency,
    periods.rate
from calendar
inner join periods
    on
        calendar.date_day >= periods.valid_from
        and (calendar.date_day < periods.next_valid_from or periods.next_valid_from is null)

union all

select
    date_day,
    {{ text_literal(var("reporting_currency")) }} as currency,
    1 as rate
from calendar
