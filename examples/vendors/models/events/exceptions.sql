-- Grain: one row per webhook that says that a ticket without a group was given to one.

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    coalesce(account.meaning, 'group ' || events.current_value) as reason
from {{ ref('stg_zendesk__ticket_events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'zendesk' and event_types.contract_table = 'exceptions' and events.event_type = event_types.event_type
left join {{ ref('zendesk_account') }} as account on account.kind = 'group' and events.current_value = account.zendesk_id
where events.previous_value is null and events.current_value is not null
