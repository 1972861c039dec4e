-- Grain: one row per event of Stripe, with the object that it is about.

with

events as (
    select
        {{ utc('received_at') }} as loaded_at,
        {{ json_text('body', 'id') }} as event_id,
        coalesce({{ json_text('body', 'type') }}, '(none)') as event_type,
        {{ json_text('body', 'created') }} as epoch,
        {{ json_text('body', 'data.previous_attributes.status') }} as previous_status,
        {{ json_text('body', 'data.object.object') }} as object_type,
        {{ json_text('body', 'data.object.id') }} as object_id,
        {{ json_text('body', 'data.object.created') }} as object_epoch,
        {{ json_text('body', 'data.object.payment_intent') }} as payment_intent,
        {{ json_text('body', 'data.object.metadata.case_id') }} as case_id,
        {{ json_text('body', 'data.object.metadata.flow') }} as flow,
        {{ json_text('body', 'data.object.status') }} as status,
        {{ json_text('body', 'data.object.latest_charge') }} as latest_charge,
        {{ json_text('body', 'data.object.amount') }} as amount,
        -- Before a payment succeeds, nothing of its amount is received.
        nullif({{ json_text('body', 'data.object.amount_received') }}, '0') as amount_received,
        {{ json_text('body', 'data.object.currency') }} as currency,
        {{ json_text('body', 'data.object.failure_code') }} as failure_code,
        {{ json_text('body', 'data.object.last_payment_error.code') }} as error_code,
        {{ json_text('body', 'data.object.last_payment_error.decline_code') }} as decline_code
    from {{ source('webhooks', 'stripe') }}
),

identified as (
    select
        *,
        case when object_type = 'payment_intent' then object_id else payment_intent end as payment_intent_id
    from events
),

-- Refunds and disputes carry no metadata of the payment: its other events do.
payments as (
    select
        payment_intent_id,
        min(case_id) as case_id,
        min(flow) as flow
    from identified
    where payment_intent_id is not null
    group by payment_intent_id
)

select
    identified.event_id,
    coalesce(identified.case_id, payments.case_id) as case_id,
    {{ from_epoch('identified.epoch') }} as occurred_at,
    identified.loaded_at,
    identified.event_type,
    identified.payment_intent_id,
    coalesce(identified.flow, payments.flow) as flow,
    identified.status,
    identified.previous_status,
    coalesce(identified.latest_charge, identified.object_id) as object_id,
    {{ from_epoch('identified.object_epoch') }} as object_created_at,
    {{ stripe_amount('coalesce(identified.amount_received, identified.amount)', 'identified.currency') }} as amount,
    upper(identified.currency) as currency,
    coalesce(identified.decline_code, identified.error_code, identified.failure_code) as failure_reason
from identified
left join payments on identified.payment_intent_id = payments.payment_intent_id
