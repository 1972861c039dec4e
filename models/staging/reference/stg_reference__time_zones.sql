-- Grain: one row per IANA time zone that a customer can be in.

with

raw_rows as (
    {{ raw_rows('reference', 'time_zones') | indent(4) }}
)

select timezone
from raw_rows
