-- Grain: one row per webhook event that says what happened to a message.

with

whatsapp as (
    select
        event_id,
        case_id,
        occurred_at,
        loaded_at,
        message_id,
        'whatsapp' as channel,
        false as is_fallback,
        'whatsapp' as vendor,
        event_type
    from {{ ref('stg_whatsapp__items') }}
),

twilio as (
    select
        event_id,
        case_id,
        occurred_at,
        loaded_at,
        message_id,
        channel,
        is_fallback,
        'twilio' as vendor,
        event_type
    from {{ ref('stg_twilio__status_callbacks') }}
),

sendgrid as (
    select
        event_id,
        case_id,
        occurred_at,
        loaded_at,
        message_id,
        'email' as channel,
        is_fallback,
        'sendgrid' as vendor,
        event_type
    from {{ ref('stg_sendgrid__events') }}
),

events as (
    select * from whatsapp
    union all
    select * from twilio
    union all
    select * from sendgrid
)

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    events.message_id,
    events.channel,
    event_types.becomes as status,
    events.is_fallback
from events
inner join {{ ref('event_types') }} as event_types
    on event_types.contract_table = 'message_events' and events.vendor = event_types.vendor and events.event_type = event_types.event_type
