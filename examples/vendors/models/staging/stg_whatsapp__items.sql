-- Grain: one row per status, message or other change in a webhook of WhatsApp.

with

changes as (
    select
        {{ utc('deliveries.received_at') }} as loaded_at,
        changes.item as change
    from {{ source('webhooks', 'whatsapp') }} as deliveries
    left join {{ json_items('deliveries.body', ['$.entry[*].changes[*]']) }} as changes on true
),

items as (
    select
        changes.loaded_at,
        {{ json_text('changes.change', 'field') }} as field,
        {{ json_text('items.item', 'id') }} as item_id,
        {{ json_text('items.item', 'status') }} as status,
        {{ json_text('items.item', 'type') }} as message_type,
        {{ json_text('items.item', 'timestamp') }} as epoch,
        {{ json_text('items.item', 'biz_opaque_callback_data') }} as case_id,
        {{ json_text('items.item', 'context.id') }} as answered_id,
        coalesce({{ json_text('items.item', 'button.payload') }}, {{ json_text('items.item', 'interactive.button_reply.id') }}) as pressed
    from changes
    left join {{ json_items('changes.change', ['$.value.statuses[*]', '$.value.messages[*]']) }} as items on true
),

-- A customer's message carries no case: the message that it answers does.
sent_messages as (
    select
        item_id,
        min(case_id) as case_id
    from items
    where status is not null
    group by item_id
)

select
    case when items.status is null then items.item_id else items.item_id || ':' || items.status end as event_id,
    coalesce(items.case_id, sent_messages.case_id) as case_id,
    {{ from_epoch('items.epoch') }} as occurred_at,
    items.loaded_at,
    case
        when items.status is not null then 'statuses.' || items.status
        when items.pressed is not null then 'messages.' || items.message_type || '.' || items.pressed
        when items.message_type is not null then 'messages.' || items.message_type
        else 'changes.' || coalesce(items.field, '(none)')
    end as event_type,
    coalesce(items.answered_id, items.item_id) as message_id,
    'whatsapp' as channel,
    false as is_fallback
from items
left join sent_messages on items.answered_id = sent_messages.item_id
