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
    requires_attestation,
    requires_payment,
    collects_payment,
    maturity_days,
    requires_consent or requires_identity or requires_document or requires_attestation as requires_evidence
from raw_rows
