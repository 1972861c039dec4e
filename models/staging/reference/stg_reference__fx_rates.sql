-- Grain: one row per currency and first day of validity.

with

raw_rows as (
    {{ raw_rows('reference', 'fx_rates') | indent(4) }}
)

select
    currency,
    valid_from,
    rate
from raw_rows
