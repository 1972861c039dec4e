-- Grain: one row per case with a valid evidence item; the earliest of each type.

select
    case_id,
    min(case when evidence_type = 'consent' then occurred_at end) as consent_at,
    min(case when evidence_type = 'identity' then occurred_at end) as identity_evidence_at,
    min(case when evidence_type = 'document' then occurred_at end) as document_at
from {{ ref('stg_events__evidence_items') }}
where is_valid and {{ is_touched() }}
group by case_id
