-- Grain: one row per ticket event of Zendesk. A change of status has the new one behind its type.

with

events as (
    select
        {{ utc('received_at') }} as loaded_at,
        {{ utc(json_text('body', 'time')) }} as occurred_at,
        {{ json_text('body', 'id') }} as event_id,
        replace(coalesce({{ json_text('body', 'type') }}, '(none)'), 'zen:event-type:', '') as event_type,
        {{ json_text('body', 'detail.id') }} as ticket_id,
        {{ json_text('body', 'detail.external_id') }} as case_id,
        {{ json_text('body', 'detail.form_id') }} as form_id,
        {{ json_text('body', 'detail.custom_status') }} as custom_status_id,
        {{ json_text('body', 'detail.requester_id') }} as requester_id,
        {{ json_text('body', 'detail.actor_id') }} as actor_id,
        -- None is null, an empty text or 0.
        nullif(nullif({{ json_text('body', 'event.current') }}, ''), '0') as current_value,
        nullif(nullif({{ json_text('body', 'event.previous') }}, ''), '0') as previous_value
    from {{ source('webhooks', 'zendesk') }}
),

account as (
    select * from {{ ref('zendesk_account') }}
)

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    case
        when events.event_type = 'ticket.status_changed' then events.event_type || '.' || coalesce(events.current_value, '(none)')
        else events.event_type
    end as event_type,
    events.ticket_id,
    forms.meaning as workflow,
    statuses.meaning as closure_reason,
    events.requester_id,
    events.actor_id,
    case
        when events.actor_id = events.requester_id then 'customer'
        when events.actor_id is null or events.actor_id = '-1' or machines.zendesk_id is not null then 'system'
        else 'agent'
    end as actor,
    events.current_value,
    events.previous_value
from events
left join account as forms on forms.kind = 'form' and events.form_id = forms.zendesk_id
left join account as statuses on statuses.kind = 'custom_status' and events.custom_status_id = statuses.zendesk_id
left join account as machines on machines.kind = 'machine' and events.actor_id = machines.zendesk_id
