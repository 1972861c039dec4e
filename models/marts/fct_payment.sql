-- Grain: one row per accepted payment event.

with

events as (
    select * from {{ ref('int_payment__converted') }}
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
    events.payment_id,
    events.flow,
    events.status,
    events.amount,
    events.currency,
    events.decline_reason,
    events.net_amount as amount_reporting
from events
inner join cases on events.case_id = cases.case_id
