-- Grain: one row per agent touch, with its workflow, what it cost, and the minutes of the steps that were done by hand.

with

touches as (
    select * from {{ ref('int_agent_touch__handled') }}
),

cases as (
    select
        case_id,
        workflow
    from {{ ref('int_case__opened') }}
),

-- A touch and its charge are one: the charge is named after it.
charges as (
    select * from {{ ref('int_charge__variable') }}
    where category = 'agent'
),

steps as (
    select
        coalesce(max(case when step = 'login' then minutes end), 0) as login_minutes,
        coalesce(max(case when step = 'handoff' then minutes end), 0) as handoff_minutes,
        coalesce(max(case when step = 'copy_paste' then minutes end), 0) as copy_paste_minutes
    from {{ ref('stg_reference__manual_steps') }}
)

select
    touches.*,
    cases.workflow,
    charges.amount as agent_cost,
    charges.amount * {{ rate('touches.wrap_up_minutes', 'charges.quantity') }} as wrap_up_cost,
    case
        when touches.logins is not null or touches.handoffs is not null or touches.copy_pastes is not null
            then
                coalesce(touches.logins * steps.login_minutes, 0)
                + coalesce(touches.handoffs * steps.handoff_minutes, 0)
                + coalesce(touches.copy_pastes * steps.copy_paste_minutes, 0)
    end as step_minutes
from touches
inner join cases on touches.case_id = cases.case_id
inner join charges on 'agent:' || touches.event_id = charges.charge_id
cross join steps
