-- Grain: one row per local month and workflow in which an agent touched a case or a case was resolved.

with

touched as (
    select
        {{ local_month('occurred_at') }} as month,
        workflow,
        count(*) as touches,
        cast(sum(handoffs) as {{ dbt.type_bigint() }}) as handoffs,
        cast(sum(logins) as {{ dbt.type_bigint() }}) as logins,
        cast(sum(copy_pastes) as {{ dbt.type_bigint() }}) as copy_pastes,
        {{ exact_sum('step_minutes') }} as step_minutes,
        {{ exact_sum('handle_minutes') }} as handle_minutes,
        {{ exact_sum('wrap_up_minutes') }} as wrap_up_minutes,
        {{ exact_sum('known_minutes') }} as manual_minutes,
        {{ exact_sum('agent_cost') }} as agent_cost,
        {{ exact_sum('wrap_up_cost') }} as wrap_up_cost,
        count(case when exception_id is null then 1 end) as preventable_touches
    from {{ ref('int_agent_touch__costed') }}
    group by {{ local_month('occurred_at') }}, workflow
),

resolved as (
    select
        {{ local_month('resolved_at') }} as month,
        workflow,
        count(*) as resolved_cases
    from {{ ref('fct_case_journey') }}
    where is_resolved
    group by {{ local_month('resolved_at') }}, workflow
),

-- Fixed costs are charged at the trigger.
fixed as (
    select
        {{ local_month('charges.charged_at') }} as month,
        cases.workflow,
        {{ exact_sum('charges.amount') }} as fixed_agent_cost
    from {{ ref('int_charge__fixed') }} as charges
    inner join {{ ref('fct_case_journey') }} as cases on charges.case_id = cases.case_id
    where charges.category = 'agent'
    group by {{ local_month('charges.charged_at') }}, cases.workflow
),

joined as (
    select
        coalesce(touched.month, resolved.month) as month,
        coalesce(touched.workflow, resolved.workflow) as workflow,
        coalesce(touched.touches, 0) as touches,
        {%- for column in ['handoffs', 'logins', 'copy_pastes', 'step_minutes', 'handle_minutes', 'wrap_up_minutes', 'manual_minutes'] %}
        case when touched.touches > 0 then touched.{{ column }} else 0 end as {{ column }},
        {%- endfor %}
        coalesce(touched.agent_cost, 0) as agent_cost,
        coalesce(touched.wrap_up_cost, 0) as wrap_up_cost,
        coalesce(touched.preventable_touches, 0) as preventable_touches,
        coalesce(resolved.resolved_cases, 0) as resolved_cases
    from touched
    full outer join resolved on touched.month = resolved.month and touched.workflow = resolved.workflow
),

-- Waste is no more than what was worked.
wasted as (
    select
        joined.*,
        case
            when joined.manual_minutes > 0 and (joined.wrap_up_minutes is not null or joined.step_minutes is not null)
                then least(coalesce(joined.wrap_up_minutes, 0) + coalesce(joined.step_minutes, 0), joined.manual_minutes)
        end as waste_minutes,
        {{ rate('joined.agent_cost + coalesce(fixed.fixed_agent_cost, 0)', 'joined.manual_minutes') }} as loaded_cost_per_minute
    from joined
    left join fixed on joined.month = fixed.month and joined.workflow = fixed.workflow
)

select
    month,
    workflow,
    touches,
    handoffs,
    logins,
    copy_pastes,
    step_minutes,
    handle_minutes,
    wrap_up_minutes,
    manual_minutes,
    waste_minutes,
    {{ rate('waste_minutes', 'manual_minutes') }} as waste_share,
    loaded_cost_per_minute,
    waste_minutes * loaded_cost_per_minute as waste_cost,
    agent_cost,
    wrap_up_cost,
    preventable_touches,
    resolved_cases
from wasted
