-- Grain: one row per accepted trigger.

select
    event_id,
    case_id,
    occurred_at,
    loaded_at,
    workflow,
    nullif(product, '') as product,
    nullif(customer_ref, '') as customer_ref,
    nullif(segment, '') as segment,
    nullif(tenure_band, '') as tenure_band,
    nullif(overdue_bucket, '') as overdue_bucket,
    nullif(risk_tier, '') as risk_tier,
    nullif(contact_preference, '') as contact_preference,
    nullif(source_system, '') as source_system,
    due_at,
    nullif(customer_timezone, '') as customer_timezone,
    amount_due,
    nullif(currency, '') as currency,
    nullif(variant, '') as variant
from ({{ accepted_events('case_triggers') | indent(4) }}) as accepted
