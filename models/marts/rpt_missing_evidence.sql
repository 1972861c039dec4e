-- Grain: one row per case, completed in message or resolved, and required type of evidence of which it has no valid item.

{%- set moments = {
    'consent': 'consent_at', 'identity': 'identity_evidence_at', 'document': 'document_at', 'attestation': 'attestation_at'
} %}

with

cases as (
    select * from {{ ref('int_case__assembled') }}
    where (is_completed_in_message or is_resolved) and not is_evidence_complete
)

{%- for evidence_type, moment in moments.items() %}

select
    case_id,
    workflow,
    '{{ evidence_type }}' as evidence_type,
    stage,
    resolution_path
from cases
where requires_{{ evidence_type }} and {{ moment }} is null
{{ 'union all' if not loop.last }}
{%- endfor %}
