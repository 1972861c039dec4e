-- Grain: one row per accepted closure: a case was closed, or reopened.

with

events as (
    select * from {{ ref('stg_events__case_closures') }}
),

cases as (
    select
        case_id,
        workflow
    from {{ ref('int_case__opened') }}
)

select
    events.event_id,
    events.case_id,
    cases.workflow,
    events.occurred_at,
    events.kind,
    events.reason,
    events.actor
from events
inner join cases on events.case_id = cases.case_id
