-- The specification's identity, automated / triggered = (automated / resolved) × (resolved / triggered), over the cases triggered in a
-- week. Fails if the left side as published is not the right side as counted over fct_case_journey.

with

counted as (
    select
        {{ local_week('triggered_at') }} as week_start,
        workflow,
        count(*) as triggered_cases,
        count(case when is_resolved then 1 end) as resolved_cases,
        count(case when is_resolved and is_automated then 1 end) as automated_cases
    from {{ ref('fct_case_journey') }}
    group by {{ local_week('triggered_at') }}, workflow
),

counted_by_workflow as (
    select * from counted

    union all

    select
        week_start,
        '(all)' as workflow,
        sum(triggered_cases) as triggered_cases,
        sum(resolved_cases) as resolved_cases,
        sum(automated_cases) as automated_cases
    from counted
    group by week_start
),

multiplied as (
    select
        week_start,
        workflow,
        -- Where nothing is resolved, nothing is automated.
        coalesce({{ rate('automated_cases', 'resolved_cases') }}, 0) * {{ rate('resolved_cases', 'triggered_cases') }} as value
    from counted_by_workflow
),

published as (
    select * from {{ ref('rpt_kpi_weekly') }}
    where kpi_id = 'automated_resolution_rate' and cohort_dimension = 'all' and value is not null
)

select
    published.value as published_value,
    multiplied.value as multiplied_value,
    coalesce(published.week_start, multiplied.week_start) as week_start,
    coalesce(published.workflow, multiplied.workflow) as workflow
from published
full outer join multiplied
    on
        published.week_start = multiplied.week_start
        and published.workflow = multiplied.workflow
where not coalesce(abs(published.value - multiplied.value) <= 1e-9, false)
