-- Grain: one row per accepted identity check.

with

events as (
    select * from {{ ref('stg_events__identity_checks') }}
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
    events.method,
    events.outcome
from events
inner join cases on events.case_id = cases.case_id
