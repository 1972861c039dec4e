-- Grain: one row per workflow.

with

raw_rows as (
    {{ raw_rows('reference', 'workflows') | indent(4) }}
)

select
    workflow,
    domain,
    owner,
    sla_value,
    sla_unit,
    nullif(completion_means, '') as completion_means,
    requires_consent,
    requires_identity,
    requires_document,
    collects_payment,
    maturity_days
from raw_rows
