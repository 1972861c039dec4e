-- Grain: one row per category, channel and first day of validity.

with

raw_rows as (
    {{ raw_rows('reference', 'cost_rates') | indent(4) }}
)

select
    category,
    nullif(channel, '') as channel,
    unit,
    amount,
    currency,
    valid_from,
    valid_to
from raw_rows
