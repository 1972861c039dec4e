-- Grain: one row per webhook that says that a payment was tried: the charge is what is written to Stripe.

select
    events.event_id,
    events.case_id,
    events.object_created_at as occurred_at,
    events.loaded_at,
    events.payment_intent_id as idempotency_key,
    -- Stripe doesn't number them, and closed_loop goes by their time.
    1 as attempt_number,
    'stripe' as target_system,
    'rest' as adapter,
    event_types.becomes as status,
    events.failure_reason as error_reason
from {{ ref('stg_stripe__events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'stripe' and event_types.contract_table = 'writeback_attempts' and events.event_type = event_types.event_type
