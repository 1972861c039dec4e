-- Grain: one row per KPI and workflow (or `*`).

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
    nullif(action, '') as action
from raw_rows
