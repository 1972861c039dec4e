-- Grain: one row per payment, or refund of one. Takes the sample's steps; put your own table in the place of the seed.

select
    "Case" || '-' || 'paid' as event_id,
    "Case" as case_id,
    "At" as occurred_at,
    -- When the row landed with you, if you know it; never before the event.
    "At" as loaded_at,
    "Case" || '-payment' as payment_id,
    'automated' as flow,
    'succeeded' as status,
    "Amount" as amount,
    '[[ choice.currency ]]' as currency
from {{ ref('export') }}
where "Step" = 'Customer paid'
