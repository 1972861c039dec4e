-- Grain: one row per fixed cost.

with

raw_rows as (
    {{ raw_rows('reference', 'fixed_costs') | indent(4) }}
)

select
    month,
    category,
    nullif(workflow, '') as workflow,
    amount,
    currency
from raw_rows
