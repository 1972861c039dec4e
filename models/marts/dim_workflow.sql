-- Grain: one row per workflow.

select
    workflow,
    domain,
    owner,
    sla_value,
    sla_unit,
    completion_means,
    requires_consent,
    requires_identity,
    requires_document,
    requires_attestation,
    requires_payment,
    collects_payment,
    maturity_days
from {{ ref('stg_reference__workflows') }}
