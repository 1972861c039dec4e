-- Grain: one row per step of an action. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || replace("Step", ' ', '-') as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    "Case" || '-message' as message_id,
    'pay' as action,
    case "Step" when 'Customer paid' then 'completed' else 'started' end as step,
    'customer' as actor
from {{ ref('export') }}
where "Step" in ('Customer started', 'Customer paid')
