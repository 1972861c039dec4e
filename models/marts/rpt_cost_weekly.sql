-- Grain: one row per week and workflow or (all).

{%- set kpi = kpi_definitions()['cost_per_resolved_case'] %}

with

-- The published cells of the KPI: the costs charged in the week, and the cases resolved in it.
cells as (
    select * from {{ ref('int_kpi__valued') }}
    where kpi_id = 'cost_per_resolved_case' and cohort_dimension = 'all'
),

cases as (
    select
        case_id,
        workflow
    from {{ ref('fct_case_journey') }}
),

-- By the KPI's own clock and amount.
charges as (
    select
        case_id,
        {{ local_week(kpi.clock) }} as week_start,
        {{ kpi.numerator }} as amount,
        case when is_fixed then 'fixed' else category end as part
    from {{ ref('fct_charge') }}
),

parted as (
    select
        charges.week_start,
        charges.part,
        charges.amount,
        cases.workflow
    from charges
    inner join cases on charges.case_id = cases.case_id
),

summed as (
    select
        week_start,
        {%- for part in ['messaging', 'agent', 'platform', 'fixed'] %}
        {{ exact_sum("case when part = '" ~ part ~ "' then amount end") }} as {{ part }}_cost,
        {%- endfor %}
        coalesce(workflow, '(all)') as workflow
    from parted
    group by grouping sets ((week_start), (week_start, workflow)) -- noqa: PRS
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
