-- Grain: one row per webhook that says that an agent solved, returned or handed on a ticket.

select
    events.event_id,
    events.case_id,
    events.occurred_at,
    events.loaded_at,
    -- The latest hand-over of the case before it.
    (
        select exceptions.event_id
        from {{ ref('exceptions') }} as exceptions
        where exceptions.case_id = events.case_id and exceptions.occurred_at <= events.occurred_at
        order by exceptions.occurred_at desc, exceptions.event_id desc
        limit 1
    ) as exception_id,
    events.actor_id as agent_ref,
    -- Zendesk says when an agent was done, not when they began, nor how long they worked.
    events.occurred_at as ended_at,
    event_types.becomes as outcome
from {{ ref('stg_zendesk__ticket_events') }} as events
inner join {{ ref('event_types') }} as event_types
    on event_types.vendor = 'zendesk' and event_types.contract_table = 'agent_touches' and events.event_type = event_types.event_type
where
    events.actor = 'agent'
    and (event_types.becomes <> 'transferred' or events.previous_value is not null)
