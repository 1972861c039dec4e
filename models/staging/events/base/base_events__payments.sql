-- Grain: one row per visible raw row of payments whose event_id is not simply that of one accepted row.

with

first_rates as (
    select
        currency,
        min(valid_from) as first_date
    from {{ ref('stg_reference__fx_rates') }}
    group by currency
),

{{ exceptional_events(
    'payments',
    lookups='left join first_rates on raw_rows.currency = first_rates.currency',
    unknown={'unknown_currency': is_unknown_currency()},
) }}
