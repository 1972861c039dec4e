-- Grain: one row per row of fixed_costs, with the cases that carry it: those triggered in its month (of its workflow, or all).
{{ config(materialized='table') }}

with

fixed_costs as (
    select * from {{ ref('int_fixed_cost__accrued') }}
),

case_counts as (
    select
        {{ local_month('triggered_at') }} as month,
        workflow,
        count(*) as case_count
    from {{ ref('int_case__opened') }}
    group by {{ local_month('triggered_at') }}, workflow
),

carried as (
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
    fixed_costs.fixed_cost_number,
    fixed_costs.month,
    fixed_costs.category,
    fixed_costs.workflow,
    fixed_costs.has_begun,
    cast(coalesce(carried.case_count, 0) as {{ dbt.type_bigint() }}) as case_count,
    {{ rate('fixed_costs.accrued_amount', 'carried.case_count') }} as amount_per_case
from fixed_costs
left join carried on fixed_costs.fixed_cost_number = carried.fixed_cost_number
