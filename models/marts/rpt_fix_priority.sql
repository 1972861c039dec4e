-- Grain: one row per fix: the agent touches that it would spare, by the three whole local months before that of as_of.

with

fixes as (
    select * from {{ ref('stg_reference__fixes') }}
),

touches as (
    select
        touches.*,
        exceptions.reason
    from {{ ref('int_agent_touch__costed') }} as touches
    left join {{ ref('int_exception__assembled') }} as exceptions on touches.exception_id = exceptions.exception_id
    where
        {{ local_month('touches.occurred_at') }} < {{ local_month(as_of()) }}
        and {{ local_month('touches.occurred_at') }} >= {{ dbt.dateadd('month', -3, local_month(as_of())) }}
),

case_errors as (
    select distinct
        case_id,
        error_reason
    from {{ ref('stg_events__writeback_attempts') }}
    where error_reason is not null
),

spared as (
    select
        fixes.fix_id,
        touches.known_minutes,
        touches.agent_cost
    from fixes
    inner join touches on coalesce(fixes.workflow, touches.workflow) = touches.workflow
    left join case_errors
        on
            fixes.kind = 'error_reason'
            and touches.case_id = case_errors.case_id
            and fixes.value = case_errors.error_reason
    where
        (fixes.kind = 'exception_reason' and touches.reason = fixes.value)
        or (fixes.kind = 'error_reason' and case_errors.case_id is not null)
        or (fixes.kind = 'routine_touch' and touches.exception_id is null)
),

added_up as (
    select
        fix_id,
        count(*) as touches,
        {{ exact_sum('known_minutes') }} as minutes,
        {{ exact_sum('agent_cost') }} as cost
    from spared
    group by fix_id
),

per_month as (
    select
        fixes.*,
        {{ rate('coalesce(added_up.touches, 0)', '3') }} as touches_per_month,
        case when added_up.touches > 0 then {{ rate('added_up.minutes', '3') }} else 0 end as minutes_per_month,
        {{ rate('coalesce(added_up.cost, 0)', '3') }} as cost_per_month
    from fixes
    left join added_up on fixes.fix_id = added_up.fix_id
),

saved as (
    select
        *,
        {{ rate('cost_per_month', 'engineering_hours') }} as monthly_savings_per_engineering_hour
    from per_month
)

select
    fix_id,
    title,
    kind,
    value,
    workflow,
    engineering_hours,
    touches_per_month,
    minutes_per_month,
    cost_per_month,
    monthly_savings_per_engineering_hour,
    cast(row_number() over (
        order by {{ to_9_decimals('monthly_savings_per_engineering_hour') }} desc nulls last, {{ byte_order('fix_id') }}
    ) as {{ dbt.type_bigint() }}) as priority
from saved
