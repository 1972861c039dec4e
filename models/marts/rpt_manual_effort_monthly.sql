-- Grain: one row per local month and workflow in which an agent touched a case or a case was resolved.

with

cases as (
    select * from {{ ref('fct_case_journey') }}
),

touches as (
    select * from {{ ref('int_agent_touch__handled') }}
),

charges as (
    select * from {{ ref('fct_charge') }}
    where category = 'agent' and not is_fixed
),

-- A touch and its charge are one: the charge is named after it.
touched as (
    select
        {{ local_month('touches.occurred_at') }} as month,
        cases.workflow,
        count(*) as touches,
        cast(sum(touches.handoffs) as {{ dbt.type_bigint() }}) as handoffs,
        cast(sum(touches.logins) as {{ dbt.type_bigint() }}) as logins,
        {{ exact_sum('touches.handle_minutes') }} as handle_minutes,
        {{ exact_sum('touches.wrap_up_minutes') }} as wrap_up_minutes,
        coalesce({{ exact_sum('charges.amount') }}, 0) as agent_cost,
        coalesce({{ exact_sum('charges.amount * ' ~ rate('touches.wrap_up_minutes', 'charges.quantity')) }}, 0) as wrap_up_cost,
        count(case when touches.exception_id is null then 1 end) as preventable_touches
    from touches
    inner join cases on touches.case_id = cases.case_id
    inner join charges on 'agent:' || touches.event_id = charges.charge_id
    group by {{ local_month('touches.occurred_at') }}, cases.workflow
),

resolved as (
    select
        {{ local_month('resolved_at') }} as month,
        workflow,
        count(*) as resolved_cases
    from cases
    where is_resolved
    group by {{ local_month('resolved_at') }}, workflow
),

final as (
    select
        coalesce(touched.month, resolved.month) as month,
        coalesce(touched.workflow, resolved.workflow) as workflow,
        coalesce(touched.touches, 0) as touches,
        coalesce(touched.handoffs, 0) as handoffs,
        coalesce(touched.logins, 0) as logins,
        coalesce(touched.handle_minutes, 0) as handle_minutes,
        coalesce(touched.wrap_up_minutes, 0) as wrap_up_minutes,
        coalesce(touched.agent_cost, 0) as agent_cost,
        coalesce(touched.wrap_up_cost, 0) as wrap_up_cost,
        coalesce(touched.preventable_touches, 0) as preventable_touches,
        coalesce(resolved.resolved_cases, 0) as resolved_cases
    from touched
    full outer join resolved on touched.month = resolved.month and touched.workflow = resolved.workflow
)

select * from final
