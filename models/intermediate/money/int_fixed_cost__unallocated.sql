-- Grain: one row per fixed cost of a month that has begun and has no case to carry it.

with

fixed_costs as (
    select * from {{ ref('int_fixed_cost__accrued') }}
),

charged as (
    select fixed_cost_number
    from {{ ref('int_charge__fixed') }}
    group by fixed_cost_number
)

select
    cast(null as {{ dbt.type_string() }}) as case_id,
    fixed_costs.fixed_cost_number,
    fixed_costs.month,
    fixed_costs.category,
    fixed_costs.workflow
from fixed_costs
left join charged on fixed_costs.fixed_cost_number = charged.fixed_cost_number
where fixed_costs.has_begun and charged.fixed_cost_number is null
