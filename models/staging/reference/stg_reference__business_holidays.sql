-- Grain: one row per holiday.

with

raw_rows as (
    {{ raw_rows('reference', 'business_holidays') | indent(4) }}
)

select
    holiday_date,
    nullif(name, '') as name
from raw_rows
