-- Grain: one row per fixed cost and case triggered in its month (of its workflow, or of all where it is shared).

with

cases as (
    select
        case_id,
        workflow,
        triggered_at,
        {{ local_month('triggered_at') }} as month
    from {{ ref('int_case__opened') }}
),

fixed_costs as (
    select * from {{ ref('int_fixed_cost__accrued') }}
),

case_counts as (
    select
        month,
        workflow,
        count(*) as case_count
    from cases
    group by month, workflow
),

shares as (
    select
        fixed_costs.fixed_cost_number,
        sum(case_counts.case_count) as case_count
    from fixed_costs
    inner join case_counts
        on
            fixed_costs.month = case_counts.month
            and coalesce(fixed_costs.workflow, case_counts.workflow) = case_counts.workflow
    group by fixed_costs.fixed_cost_number
)

select
    'fixed:' || fixed_costs.fixed_cost_number || ':' || cases.case_id as charge_id,
    fixed_costs.fixed_cost_number,
    cases.case_id,
    fixed_costs.category,
    cases.triggered_at as charged_at,
    {{ rate('fixed_costs.accrued_amount', 'shares.case_count') }} as amount
from fixed_costs
inner join shares on fixed_costs.fixed_cost_number = shares.fixed_cost_number
inner join cases
    on
        fixed_costs.month = cases.month
        and coalesce(fixed_costs.workflow, cases.workflow) = cases.workflow
