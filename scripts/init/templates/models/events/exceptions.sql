-- Grain: one row per case that automation handed to a person. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || 'handed' as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    'no_answer' as reason
from {{ ref('export') }}
where "Step" = 'Handed to an agent'
