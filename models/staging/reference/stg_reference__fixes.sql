-- Grain: one row per fix that could spare manual work.

with

raw_rows as (
    {{ raw_rows('reference', 'fixes') | indent(4) }}
)

select
    fix_id,
    nullif(title, '') as title,
    kind,
    nullif(value, '') as value,
    nullif(workflow, '') as workflow,
    engineering_hours
from raw_rows
