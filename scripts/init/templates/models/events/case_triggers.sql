-- Grain: one row per request to resolve a case. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || 'opened' as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    '[[ choice.workflow ]]' as workflow,
    "Amount" as amount_due,
    '[[ choice.currency ]]' as currency
from {{ ref('export') }}
where "Step" = 'Case opened'
