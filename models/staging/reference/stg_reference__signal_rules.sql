-- Grain: one row per signal rule.

with

raw_rows as (
    {{ raw_rows('reference', 'signal_rules') | indent(4) }}
)

select
    rule_id,
    kpi_id,
    kind,
    dimension,
    odds_ratio,
    false_alarms_per_year,
    severity,
    nullif(owner, '') as owner,
    nullif(action, '') as action
from raw_rows
