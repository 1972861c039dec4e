-- Grain: one row per local trigger month, workflow or (all), and elapsed time at which a case was resolved or its observation ended.

with

-- What was resolved before its trigger has no time: it is on no curve, as it is in no time KPI.
timed as (
    select
        {{ local_month('triggered_at') }} as month,
        workflow,
        is_resolved,
        case
            when is_resolved then resolution_minutes
            when triggered_at < {{ as_of() }} then {{ minutes_between('triggered_at', as_of()) }}
            -- A trigger may lie a few minutes after as_of.
            else 0
        end as elapsed_minutes
    from {{ ref('fct_case_journey') }}
    where not is_resolved or resolution_minutes is not null
),

counted as (
    select
        month,
        coalesce(workflow, '(all)') as workflow,
        elapsed_minutes,
        count(*) as cases,
        count(case when is_resolved then 1 end) as resolved_cases
    from timed
    group by grouping sets ((month, workflow, elapsed_minutes), (month, elapsed_minutes)) -- noqa: PRS
),

at_risk as (
    select
        *,
        -- From the longest time down: those whose time is at least this one.
        cast(sum(cases) over (
            partition by month, workflow
            order by elapsed_minutes desc
        ) as {{ dbt.type_bigint() }}) as at_risk_cases
    from counted
),

-- The product of the shares that stay open (Kaplan and Meier 1958), as the exponential of a sum of logarithms: a sum of decimals, which
-- doesn't depend on how an engine adds up. Rounded to 12 decimals, so that a half is 0.5. Where the last case is resolved nothing is left.
estimated as (
    select
        *,
        case
            when resolved_cases = at_risk_cases then 0
            else cast(cast(exp(cast(sum(cast(
                case
                    when resolved_cases < at_risk_cases then ln({{ rate('at_risk_cases - resolved_cases', 'at_risk_cases') }})
                end as decimal(38, 18)
            )) over (
                partition by month, workflow
                order by elapsed_minutes
            ) as {{ type_double() }})) as decimal(38, 12)) as {{ type_double() }})
        end as share_open
    from at_risk
),

final as (
    select
        month,
        workflow,
        elapsed_minutes,
        at_risk_cases,
        resolved_cases,
        cases - resolved_cases as censored_cases,
        share_open,
        min(case when {{ to_9_decimals('share_open') }} <= 0.5 then elapsed_minutes end) over (
            partition by month, workflow
        ) as median_minutes,
        min(case when {{ to_9_decimals('share_open') }} <= 0.1 then elapsed_minutes end) over (
            partition by month, workflow
        ) as p90_minutes
    from estimated
)

select * from final
