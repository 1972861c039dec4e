-- Grain: one row per acknowledgement. Without one, nothing is resolved. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || 'confirmed' as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    "Case" || '-record' as idempotency_key,
    "Case" || '-confirmed' as ack_id,
    'persisted' as outcome
from {{ ref('export') }}
where "Step" = 'Record confirmed'
