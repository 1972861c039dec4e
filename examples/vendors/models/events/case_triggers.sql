-- Grain: one row per webhook that says that a ticket was created.

with

due_dates as (
    select
        ticket_id,
        {{ utc('current_value') }} as due_at,
        row_number() over (partition by ticket_id order by occurred_at, event_id) as place
    from {{ ref('stg_zendesk__ticket_events') }}
    where event_type = 'ticket.task_due_at_changed' and current_value is not null
)

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    events.workflow,
    events.requester_id as customer_ref,
    'zendesk' as source_system,
    -- The first promise holds: moving it hides no breach.
    due_dates.due_at
from {{ ref('stg_zendesk__ticket_events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'zendesk' and event_types.contract_table = 'case_triggers' and events.event_type = event_types.event_type
left join due_dates on events.ticket_id = due_dates.ticket_id and due_dates.place = 1
