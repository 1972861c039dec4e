-- Grain: one row per fixed cost and case that carries it.

with

fixed_costs as (
    select * from {{ ref('int_fixed_cost__shared') }}
),

cases as (
    select
        case_id,
        workflow,
        triggered_at,
        {{ local_month('triggered_at') }} as month
    from {{ ref('int_case__opened') }}
)

select
    'fixed:' || fixed_costs.fixed_cost_number || ':' || cases.case_id as charge_id,
    fixed_costs.fixed_cost_number,
    cases.case_id,
    fixed_costs.category,
    cases.triggered_at as charged_at,
    fixed_costs.amount_per_case as amount
from fixed_costs
inner join cases
    on
        fixed_costs.month = cases.month
        and coalesce(fixed_costs.workflow, cases.workflow) = cases.workflow
