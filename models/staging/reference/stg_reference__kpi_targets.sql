-- Grain: one row per KPI, workflow (or `*`) and first day of validity.

with

raw_rows as (
    {{ raw_rows('reference', 'kpi_targets') | indent(4) }}
)

select
    kpi_id,
    workflow,
    kind,
    target,
    red_flag,
    nullif(owner, '') as owner,
    nullif(action, '') as action,
    valid_from,
    valid_to,
    due_date
from raw_rows
