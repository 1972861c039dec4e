-- Fails if the cost or the resolved cases of a month's savings are not the charges and the resolutions of that local month, if the
-- savings don't follow from them, if they don't add up over the months, or if a month of the KPI is missing.

with

savings as (
    select * from {{ ref('rpt_savings_monthly') }}
),

cells as (
    select * from {{ ref('rpt_kpi_period') }}
    where kpi_id = 'cost_per_resolved_case' and period_kind = 'month'
),

cases as (
    select * from {{ ref('fct_case_journey') }}
),

events as (
    select
        cases.workflow,
        charges.amount,
        0 as resolved_cases,
        {{ local_month('charges.charged_at') }} as month
    from {{ ref('fct_charge') }} as charges
    inner join cases on charges.case_id = cases.case_id

    union all

    select
        workflow,
        0 as amount,
        1 as resolved_cases,
        {{ local_month('resolved_at') }} as month
    from cases
    where is_resolved
),

expected as (
    select
        month,
        coalesce(workflow, '(all)') as workflow,
        sum(amount) as total_cost,
        sum(resolved_cases) as resolved_cases
    from events
    group by grouping sets ((month), (month, workflow)) -- noqa: PRS
),

so_far as (
    select
        savings.month,
        savings.workflow,
        sum(coalesce(earlier.savings, 0)) as cumulative_savings
    from savings
    inner join savings as earlier on savings.workflow = earlier.workflow and savings.month >= earlier.month
    group by savings.month, savings.workflow
)

select
    coalesce(savings.month, cells.period_start) as month,
    coalesce(savings.workflow, cells.workflow) as workflow,
    savings.total_cost,
    expected.total_cost as expected_total_cost,
    savings.resolved_cases,
    expected.resolved_cases as expected_resolved_cases,
    savings.savings,
    savings.cumulative_savings,
    so_far.cumulative_savings as expected_cumulative_savings
from savings
full outer join cells on savings.month = cells.period_start and savings.workflow = cells.workflow
left join expected on savings.month = expected.month and savings.workflow = expected.workflow
left join so_far on savings.month = so_far.month and savings.workflow = so_far.workflow
where
    savings.month is null
    or cells.period_start is null
    or savings.resolved_cases <> coalesce(expected.resolved_cases, 0)
    or abs(savings.total_cost - coalesce(expected.total_cost, 0)) > 1e-9 * (1 + abs(savings.total_cost))
    or savings.cost_per_resolved_case is distinct from cells.value
    or savings.baseline_cost_per_resolved_case is distinct from cells.baseline_value
    or savings.is_provisional <> cells.is_provisional
    or (savings.savings is null) <> (savings.baseline_cost_per_resolved_case is null)
    or abs(savings.savings - (savings.baseline_cost_per_resolved_case * savings.resolved_cases - savings.total_cost))
    > 1e-9 * (1 + abs(savings.savings) + savings.total_cost)
    or abs(savings.cumulative_savings - so_far.cumulative_savings) > 1e-6
