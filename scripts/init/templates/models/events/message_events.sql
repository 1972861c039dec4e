-- Grain: one row per state of a message. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || replace("Step", ' ', '-') as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    "Case" || '-message' as message_id,
    'email' as channel,
    case "Step" when 'Message sent' then 'sent' else 'delivered' end as status,
    false as is_fallback
from {{ ref('export') }}
where "Step" in ('Message sent', 'Message delivered')
