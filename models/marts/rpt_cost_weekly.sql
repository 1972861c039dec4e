-- Grain: one row per week and workflow or (all).

with

scheduled as (
    select * from {{ ref('int_kpi__scheduled') }}
    where kpi_id = 'cost_per_resolved_case'
),

-- The units of the KPI, each in the week of its own clock: what was charged, and the resolved cases.
units as (
    select * from {{ ref('fct_kpi_contribution') }}
    where kpi_id = 'cost_per_resolved_case'
),

charges as (
    select * from {{ ref('fct_charge') }}
),

parted as (
    select
        units.week_start,
        units.workflow,
        units.numerator as amount,
        units.denominator as resolved_cases,
        case when charges.is_fixed then 'fixed' else charges.category end as part
    from units
    left join charges on units.denominator = 0 and units.unit_id = charges.charge_id
),

summed as (
    select
        week_start,
        coalesce(workflow, '(all)') as workflow,
        {%- for part in ['messaging', 'agent', 'platform', 'fixed'] %}
        {{ exact_sum("case when part = '" ~ part ~ "' then amount end") }} as {{ part }}_cost,
        {%- endfor %}
        {{ exact_sum('amount') }} as total_cost,
        cast(sum(resolved_cases) as {{ dbt.type_bigint() }}) as resolved_cases
    from parted
    group by grouping sets ((week_start), (week_start, workflow)) -- noqa: PRS
),

filled as (
    select
        scheduled.week_start,
        scheduled.workflow,
        coalesce(summed.messaging_cost, 0) as messaging_cost,
        coalesce(summed.agent_cost, 0) as agent_cost,
        coalesce(summed.platform_cost, 0) as platform_cost,
        coalesce(summed.fixed_cost, 0) as fixed_cost,
        coalesce(summed.total_cost, 0) as total_cost,
        coalesce(summed.resolved_cases, 0) as resolved_cases,
        scheduled.is_provisional
    from scheduled
    left join summed on scheduled.week_start = summed.week_start and scheduled.workflow = summed.workflow
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
        {{ rate('total_cost', 'resolved_cases') }} as cost_per_resolved_case,
        is_provisional
    from filled
)

select * from final
