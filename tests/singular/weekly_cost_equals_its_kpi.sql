-- Fails if a row of the weekly cost is not the cell of the KPI `cost_per_resolved_case`, or if a part is not the charges of its week.

with

costs as (
    select * from {{ ref('rpt_cost_weekly') }}
),

cells as (
    select * from {{ ref('rpt_kpi_weekly') }}
    where kpi_id = 'cost_per_resolved_case' and cohort_dimension = 'all'
),

cases as (
    select * from {{ ref('fct_case_journey') }}
),

-- Past the units of the KPI: each charge by its own clock.
charged as (
    select
        cases.workflow,
        charges.category,
        charges.is_fixed,
        charges.amount,
        {{ local_week('charges.charged_at') }} as week_start
    from {{ ref('fct_charge') }} as charges
    inner join cases on charges.case_id = cases.case_id
),

parts as (
    select
        week_start,
        coalesce(workflow, '(all)') as workflow,
        sum(case when category = 'messaging' and not is_fixed then amount end) as messaging_cost,
        sum(case when category = 'agent' and not is_fixed then amount end) as agent_cost,
        sum(case when category = 'platform' and not is_fixed then amount end) as platform_cost,
        sum(case when is_fixed then amount end) as fixed_cost
    from charged
    group by grouping sets ((week_start), (week_start, workflow)) -- noqa: PRS
)

select
    coalesce(costs.week_start, cells.week_start, parts.week_start) as week_start,
    coalesce(costs.workflow, cells.workflow, parts.workflow) as workflow,
    costs.total_cost,
    cells.numerator,
    costs.resolved_cases,
    cells.denominator,
    costs.cost_per_resolved_case,
    cells.value
from costs
full outer join cells on costs.week_start = cells.week_start and costs.workflow = cells.workflow
full outer join parts
    on
        coalesce(costs.week_start, cells.week_start) = parts.week_start
        and coalesce(costs.workflow, cells.workflow) = parts.workflow
where
    costs.week_start is null
    or cells.week_start is null
    or costs.total_cost <> cells.numerator
    or costs.resolved_cases <> cells.denominator
    or costs.cost_per_resolved_case is distinct from cells.value
    or costs.is_provisional <> cells.is_provisional
    or abs(costs.messaging_cost - coalesce(parts.messaging_cost, 0)) > 1e-9 * (1 + costs.messaging_cost)
    or abs(costs.agent_cost - coalesce(parts.agent_cost, 0)) > 1e-9 * (1 + costs.agent_cost)
    or abs(costs.platform_cost - coalesce(parts.platform_cost, 0)) > 1e-9 * (1 + costs.platform_cost)
    or abs(costs.fixed_cost - coalesce(parts.fixed_cost, 0)) > 1e-9 * (1 + costs.fixed_cost)
