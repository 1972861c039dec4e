-- Grain: one row per webhook that says that a ticket was closed without being resolved, or reopened.

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    event_types.becomes as kind,
    case
        when events.event_type = 'ticket.merged' then 'duplicate'
        when events.event_type = 'ticket.soft_deleted' then 'cancelled'
        when event_types.becomes = 'closed' then events.closure_reason
    end as reason,
    events.actor
from {{ ref('stg_zendesk__ticket_events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'zendesk' and event_types.contract_table = 'case_closures' and events.event_type = event_types.event_type
where
    case
        when events.event_type = 'ticket.status_changed.SOLVED' then events.closure_reason is not null
        when event_types.becomes = 'reopened' then events.previous_value = 'SOLVED'
        else true
    end
