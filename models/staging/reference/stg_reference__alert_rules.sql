-- Grain: one row per alert rule.

with

raw_rows as (
    {{ raw_rows('reference', 'alert_rules') | indent(4) }}
)

select
    rule_id,
    kpi_id,
    kind,
    amount,
    min_sample,
    severity,
    nullif(owner, '') as owner,
    nullif(action, '') as action
from raw_rows
