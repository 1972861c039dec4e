-- Grain: one row per try to write to a system of record. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || 'written' as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    "Case" || '-record' as idempotency_key,
    1 as attempt_number,
    'ledger' as target_system,
    'accepted' as status
from {{ ref('export') }}
where "Step" = 'Record written'
