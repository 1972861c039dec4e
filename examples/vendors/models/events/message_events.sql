-- Grain: one row per webhook event that says what happened to a message.

with

events as (
    {% for vendor, model in {
        'whatsapp': 'stg_whatsapp__items',
        'twilio': 'stg_twilio__status_callbacks',
        'sendgrid': 'stg_sendgrid__events',
    }.items() %}
    select
        '{{ vendor }}' as vendor,
        event_id,
        case_id,
        occurred_at,
        loaded_at,
        event_type,
        message_id,
        channel,
        is_fallback
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
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
