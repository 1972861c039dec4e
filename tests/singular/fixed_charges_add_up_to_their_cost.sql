-- Fails if the charges of a fixed cost don't add up to what has accrued of it, or if one that has begun is neither charged nor listed.

with

fixed_costs as (
    select * from {{ ref('int_fixed_cost__accrued') }}
),

charges as (
    select * from {{ ref('fct_charge') }}
    where is_fixed
),

-- Which fixed cost a charge belongs to.
allocated as (
    select * from {{ ref('int_charge__fixed') }}
),

charged as (
    select
        allocated.fixed_cost_number,
        count(*) as allocated_count,
        count(charges.charge_id) as charge_count,
        count(charges.amount) as amount_count,
        sum(charges.amount) as amount
    from allocated
    left join charges on allocated.charge_id = charges.charge_id
    group by allocated.fixed_cost_number
),

unallocated as (
    select * from {{ ref('int_fixed_cost__unallocated') }}
),

compared as (
    select
        fixed_costs.fixed_cost_number,
        fixed_costs.month,
        fixed_costs.category,
        fixed_costs.workflow,
        fixed_costs.accrued_amount,
        charged.amount as charged_amount,
        charged.allocated_count,
        charged.charge_count,
        charged.amount_count,
        charged.fixed_cost_number is null and unallocated.fixed_cost_number is null and fixed_costs.has_begun as is_lost
    from fixed_costs
    left join charged on fixed_costs.fixed_cost_number = charged.fixed_cost_number
    left join unallocated on fixed_costs.fixed_cost_number = unallocated.fixed_cost_number
)

select
    fixed_cost_number,
    month,
    category,
    workflow,
    accrued_amount,
    charged_amount,
    allocated_count,
    charge_count
from compared
where
    is_lost
    or charge_count <> allocated_count
    -- A cost that can't be converted is charged null to every case, any other to none.
    or amount_count <> case when accrued_amount is null then 0 else allocated_count end
    or abs(charged_amount - accrued_amount) > 1e-9 * (1 + abs(accrued_amount))
