-- Grain: one row per manual step.

with

raw_rows as (
    {{ raw_rows('reference', 'manual_steps') | indent(4) }}
)

select
    step,
    minutes
from raw_rows
