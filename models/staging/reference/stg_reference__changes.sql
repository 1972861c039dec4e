-- Grain: one row per change whose effect is measured.

with

raw_rows as (
    {{ raw_rows('reference', 'changes') | indent(4) }}
)

select
    change_id,
    changed_on,
    kpi_id,
    workflow,
    nullif(description, '') as description
from raw_rows
