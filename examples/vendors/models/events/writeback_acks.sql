-- Grain: one row per webhook in which Stripe acknowledges a payment, or takes that back.

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    events.payment_intent_id as idempotency_key,
    events.object_id as ack_id,
    event_types.becomes as outcome
from {{ ref('stg_stripe__events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'stripe' and event_types.contract_table = 'writeback_acks' and events.event_type = event_types.event_type
