-- Grain: one row per week and workflow or (all).

with

-- The published cells of the KPI: the costs charged in the week, and the cases resolved in it.
cells as (
    select * from {{ ref('int_kpi__cells') }}
    where kpi_id = 'cost_per_resolved_case' and cohort_dimension = 'all'
),

summed as (
    select * from {{ ref('int_charge__summed') }}
),

filled as (
    select
        cells.week_start,
        cells.workflow,
        coalesce(summed.messaging_cost, 0) as messaging_cost,
        coalesce(summed.agent_cost, 0) as agent_cost,
        coalesce(summed.platform_cost, 0) as platform_cost,
        coalesce(summed.fixed_cost, 0) as fixed_cost,
        cells.numerator as total_cost,
        cells.denominator as resolved_cases,
        cells.value as cost_per_resolved_case,
        cells.is_provisional
    from cells
    left join summed on cells.week_start = summed.week_start and cells.workflow = summed.workflow
),

final as (
    select
        week_start,
        workflow,
        messaging_cost,
        agent_cost,
        platform_cost,
        fixed_cost,
        total_cost,
        resolved_cases,
        {{ rate('messaging_cost', 'resolved_cases') }} as messaging_cost_per_resolved_case,
        {{ rate('agent_cost', 'resolved_cases') }} as agent_cost_per_resolved_case,
        {{ rate('platform_cost', 'resolved_cases') }} as platform_cost_per_resolved_case,
        {{ rate('fixed_cost', 'resolved_cases') }} as fixed_cost_per_resolved_case,
        cost_per_resolved_case,
        is_provisional
    from filled
)

select * from final
