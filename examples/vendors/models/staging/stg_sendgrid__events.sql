-- Grain: one row per event in a webhook of SendGrid.

with

events as (
    select
        {{ utc('deliveries.received_at') }} as loaded_at,
        events.item
    from {{ source('webhooks', 'sendgrid') }} as deliveries
    left join {{ json_items('deliveries.body', ['$[*]']) }} as events on true
)

select
    {{ json_text('item', 'sg_event_id') }} as event_id,
    {{ json_text('item', 'case_id') }} as case_id,
    {{ from_epoch(json_text('item', 'timestamp')) }} as occurred_at,
    loaded_at,
    coalesce({{ json_text('item', 'event') }}, '(none)') as event_type,
    -- What stands before the first dot is the X-Message-Id that sending returned; behind it come SendGrid's servers.
    split_part({{ json_text('item', 'sg_message_id') }}, '.', 1) as message_id,
    'email' as channel,
    coalesce({{ json_text('item', 'fallback') }}, 'false') = 'true' as is_fallback
from events
