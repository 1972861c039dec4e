-- Grain: one row per local month and workflow or (all).

with

months as (
    select * from {{ ref('int_kpi__period_cells') }}
    where kpi_id = 'cost_per_resolved_case' and period_kind = 'month'
),

baselines as (
    select * from {{ ref('int_kpi__baselines') }}
    where kpi_id = 'cost_per_resolved_case'
),

compared as (
    select
        months.period_start as month,
        months.workflow,
        months.denominator as resolved_cases,
        months.numerator as total_cost,
        months.value as cost_per_resolved_case,
        baselines.baseline_value as baseline_cost_per_resolved_case,
        baselines.baseline_value * months.denominator - months.numerator as savings,
        months.is_provisional
    from months
    left join baselines on months.workflow = baselines.workflow
)

select
    month,
    workflow,
    resolved_cases,
    total_cost,
    cost_per_resolved_case,
    baseline_cost_per_resolved_case,
    savings,
    cast(sum(cast(coalesce(savings, 0) as decimal(38, 15))) over (
        partition by workflow
        order by month
    ) as {{ type_double() }}) as cumulative_savings,
    is_provisional
from compared
