-- Grain: one row per accepted payment event.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    payment_id,
    flow,
    status,
    amount,
    currency,
    nullif(decline_reason, '') as decline_reason
from ({{ accepted_events('payments') | indent(4) }}) as accepted
