-- Grain: one row per local day, category and (for messaging) channel that has a rate; in reporting currency.
{{ config(materialized='table') }}

with

calendar as (
    select date_day from {{ ref('int_calendar__days') }}
),

cost_rates as (
    select * from {{ ref('stg_reference__cost_rates') }}
),

fx as (
    select * from {{ ref('int_fx__daily') }}
),

channels as (
    {%- for channel in message_channels() %}
    select '{{ channel }}' as channel
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A rate in a currency that can't be converted that day is no rate.
valid_rates as (
    select
        calendar.date_day,
        cost_rates.category,
        cost_rates.channel,
        cost_rates.valid_from,
        cost_rates.amount * fx.rate as amount
    from cost_rates
    inner join calendar
        on
            cost_rates.valid_from <= calendar.date_day
            and (cost_rates.valid_to > calendar.date_day or cost_rates.valid_to is null)
    inner join fx on cost_rates.currency = fx.currency and calendar.date_day = fx.date_day
),

-- Messaging: every rate serves the channel that it names, or all of them.
served as (
    select
        valid_rates.*,
        channels.channel as served_channel
    from valid_rates
    inner join channels on valid_rates.channel = channels.channel or valid_rates.channel is null
    where valid_rates.category = 'messaging'

    union all

    select
        valid_rates.*,
        cast(null as {{ dbt.type_string() }}) as served_channel
    from valid_rates
    where valid_rates.category <> 'messaging'
),

ranked as (
    select
        *,
        row_number() over (
            partition by date_day, category, served_channel
            order by case when channel is null then 1 else 0 end asc, valid_from desc, amount asc
        ) as preference
    from served
)

select
    date_day,
    category,
    served_channel as channel,
    amount
from ranked
where preference = 1
