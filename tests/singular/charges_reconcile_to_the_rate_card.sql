-- Fails if the variable charges of a local month and category are not its units times the rate card, to the cent. By another route than the
-- charges': messages, minutes and cases are counted per day, and the rate of the day is looked up in the reference tables by its dates.

with

cost_rates as (
    select * from {{ ref('stg_reference__cost_rates') }}
),

-- The reporting currency is worth 1, whatever a row of its own says.
fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
    where currency <> '{{ var("reporting_currency") }}'
),

units as (
    select
        'messaging' as category,
        channel,
        1 as quantity,
        {{ local_date('sent_at') }} as date_day
    from {{ ref('fct_message') }}
    where sent_at is not null

    union all

    select
        'agent' as category,
        null as channel,
        handle_minutes + wrap_up_minutes as quantity,
        {{ local_date('occurred_at') }} as date_day
    from {{ ref('stg_events__agent_touches') }}

    union all

    select
        'platform' as category,
        null as channel,
        1 as quantity,
        {{ local_date('triggered_at') }} as date_day
    from {{ ref('fct_case_journey') }}
),

counted as (
    select
        category,
        coalesce(channel, '(none)') as channel,
        date_day,
        count(*) as unit_count,
        -- A touch of unknown minutes has no price.
        count(quantity) as known_count,
        coalesce(sum(quantity), 0) as quantity
    from units
    group by category, coalesce(channel, '(none)'), date_day
),

-- Every rate that is valid on a day, and since when its currency has the exchange rate of that day.
valid_rates as (
    select
        counted.category,
        counted.channel,
        counted.date_day,
        cost_rates.amount,
        cost_rates.currency,
        -- The channel's own rate before the general one ('own' > 'any'), then the latest.
        case when cost_rates.channel is null then 'any ' else 'own ' end
        || cast(cost_rates.valid_from as {{ dbt.type_string() }}) as preference,
        max(fx_rates.valid_from) as converted_from
    from counted
    inner join cost_rates
        on
            counted.category = cost_rates.category
            and coalesce(cost_rates.channel, counted.channel) = counted.channel
            and counted.date_day >= cost_rates.valid_from
            and counted.date_day < coalesce(cost_rates.valid_to, {{ add_days('counted.date_day', 1) }})
    left join fx_rates on cost_rates.currency = fx_rates.currency and counted.date_day >= fx_rates.valid_from
    group by
        counted.category, counted.channel, counted.date_day,
        cost_rates.channel, cost_rates.valid_from, cost_rates.amount, cost_rates.currency
),

converted as (
    select
        valid_rates.category,
        valid_rates.channel,
        valid_rates.date_day,
        valid_rates.preference,
        valid_rates.amount * coalesce(fx_rates.rate, 1) as unit_amount
    from valid_rates
    left join fx_rates on valid_rates.currency = fx_rates.currency and valid_rates.converted_from = fx_rates.valid_from
    where fx_rates.rate is not null or valid_rates.currency = '{{ var("reporting_currency") }}'
),

preferred as (
    select
        category,
        channel,
        date_day,
        max(preference) as preference
    from converted
    group by category, channel, date_day
),

both_sides as (
    select
        counted.category,
        cast({{ dbt.date_trunc('month', 'counted.date_day') }} as date) as month,
        counted.unit_count as expected_count,
        case when converted.unit_amount is null then 0 else counted.known_count end as expected_priced,
        counted.quantity as expected_quantity,
        counted.quantity * coalesce(converted.unit_amount, 0) as expected_amount,
        0 as charged_count,
        0 as charged_priced,
        0 as charged_quantity,
        0 as charged_amount
    from counted
    left join preferred
        on
            counted.category = preferred.category
            and counted.channel = preferred.channel
            and counted.date_day = preferred.date_day
    left join converted
        on
            preferred.category = converted.category
            and preferred.channel = converted.channel
            and preferred.date_day = converted.date_day
            and preferred.preference = converted.preference

    union all

    select
        category,
        {{ local_month('charged_at') }} as month,
        0 as expected_count,
        0 as expected_priced,
        0 as expected_quantity,
        0 as expected_amount,
        1 as charged_count,
        case when amount is null then 0 else 1 end as charged_priced,
        coalesce(quantity, 0) as charged_quantity,
        coalesce(amount, 0) as charged_amount
    from {{ ref('fct_charge') }}
    where not is_fixed
),

compared as (
    select
        month,
        category,
        sum(expected_count) as expected_count,
        sum(charged_count) as charged_count,
        sum(expected_priced) as expected_priced,
        sum(charged_priced) as charged_priced,
        sum(expected_quantity) as expected_quantity,
        sum(charged_quantity) as charged_quantity,
        sum(expected_amount) as expected_amount,
        sum(charged_amount) as charged_amount
    from both_sides
    group by month, category
)

select * from compared
where
    expected_count <> charged_count
    or expected_priced <> charged_priced
    or abs(expected_quantity - charged_quantity) > 1e-6
    or abs(expected_amount - charged_amount) >= 0.005
