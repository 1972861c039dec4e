-- Grain: one row per webhook that says that money came, went back, or failed to come.

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    events.payment_intent_id as payment_id,
    events.flow,
    -- succeeded adds to what was collected, refunded takes off.
    event_types.becomes as status,
    events.amount,
    events.currency,
    case when event_types.becomes = 'failed' then events.failure_reason end as decline_reason
from {{ ref('stg_stripe__events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'stripe' and event_types.contract_table = 'payments' and events.event_type = event_types.event_type
where
    case events.event_type
        when 'refund.created' then events.status = 'succeeded'
        when 'refund.updated' then events.status = 'succeeded' and events.previous_status is not null
        else true
    end
