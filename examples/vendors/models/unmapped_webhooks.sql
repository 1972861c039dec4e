-- Grain: one row per vendor and type of those webhook events that became no row of any event table.

with

received as (
    {% for vendor, model in {
        'whatsapp': 'stg_whatsapp__items',
        'twilio': 'stg_twilio__status_callbacks',
        'sendgrid': 'stg_sendgrid__events',
        'stripe': 'stg_stripe__events',
        'zendesk': 'stg_zendesk__ticket_events',
    }.items() %}
    select
        '{{ vendor }}' as vendor,
        event_type,
        event_id,
        loaded_at
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

mapped as (
    {% for table in [
        'case_triggers', 'case_closures', 'message_events', 'action_events', 'writeback_attempts', 'writeback_acks', 'exceptions', 'agent_touches', 'payments',
    ] %}
    select event_id from {{ ref(table) }}
    {{ 'union' if not loop.last }}
    {% endfor %}
),

known as (
    select
        vendor,
        event_type,
        min(remark) as remark
    from {{ ref('event_types') }}
    group by vendor, event_type
)

select
    received.vendor,
    received.event_type,
    count(known.event_type) > 0 as is_known,
    min(known.remark) as remark,
    count(*) as webhook_count,
    min(received.loaded_at) as first_received_at,
    max(received.loaded_at) as last_received_at
from received
left join mapped on received.event_id = mapped.event_id
left join known on received.vendor = known.vendor and received.event_type = known.event_type
where mapped.event_id is null
group by received.vendor, received.event_type
