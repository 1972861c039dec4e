-- Grain: one row per status callback of Twilio. It says no time: the receipt is the nearest to it.

with

callbacks as (
    select
        {{ utc('received_at') }} as received_at,
        {{ json_text('query', 'case_id') }} as case_id,
        {{ json_text('query', 'fallback') }} as fallback,
        {{ json_text('body', 'MessageSid') }} as message_id,
        coalesce({{ json_text('body', 'MessageStatus') }}, {{ json_text('body', 'SmsStatus') }}, '(none)') as status,
        {{ json_text('body', 'To') }} as recipient
    from {{ source('webhooks', 'twilio') }}
)

select
    message_id || ':' || status as event_id,
    case_id,
    received_at as occurred_at,
    received_at as loaded_at,
    status as event_type,
    message_id,
    case
        when recipient like 'whatsapp:%' then 'whatsapp'
        when recipient like 'rcs:%' then 'rcs'
        else 'sms'
    end as channel,
    coalesce(fallback, 'false') = 'true' as is_fallback
from callbacks
