-- Grain: one row per piece of work of an agent. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || 'done' as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    "Case" || '-handed' as exception_id,
    "Agent" as agent_ref,
    'resolved' as outcome
from {{ ref('export') }}
where "Step" = 'Agent was done'
