-- Fails if the paths of cases do not add up: triggered = resolved + closed + open, resolved = automated + assisted + self-cured,
-- deflected = automated + self-cured. Counted over the flags and moments of fct_case_journey, by the week of the trigger and by that of the
-- resolution, and compared with the paths and with what is published.

with

cases as (
    select
        workflow,
        resolution_path,
        is_deflected,
        is_automated,
        resolved_at is not null as is_resolved,
        resolved_at is null and closed_at is not null as is_closed,
        agent_touch_count > 0 or is_agent_touched as is_assisted,
        {{ local_week('triggered_at') }} as triggered_week,
        {{ local_week('resolved_at') }} as resolved_week
    from {{ ref('fct_case_journey') }}
),

by_trigger as (
    select
        triggered_week as week_start,
        coalesce(workflow, '(all)') as workflow,
        count(*) as triggered_cases,
        count(case when is_resolved then 1 end) as resolved_cases,
        count(case when is_closed then 1 end) as closed_cases,
        count(case when not is_resolved and not is_closed then 1 end) as open_cases,
        count(case when is_automated then 1 end) as automated_cases,
        count(case when is_deflected then 1 end) as deflected_cases,
        count(case when is_resolved and is_assisted then 1 end) as assisted_cases,
        count(case when resolution_path = 'in_message' then 1 end) as in_message_path,
        count(case when resolution_path = 'assisted' then 1 end) as assisted_path,
        count(case when resolution_path = 'self_cured' then 1 end) as self_cured_path,
        count(case when resolution_path = 'closed' then 1 end) as closed_path,
        count(case when resolution_path = 'open' then 1 end) as open_path
    from cases
    group by grouping sets ((triggered_week), (triggered_week, workflow)) -- noqa: PRS
),

by_resolution as (
    select
        resolved_week as week_start,
        coalesce(workflow, '(all)') as workflow,
        count(*) as resolved_cases,
        count(case when is_deflected then 1 end) as deflected_cases,
        count(case when is_deflected and not is_automated then 1 end) as self_cured_cases
    from cases
    where is_resolved
    group by grouping sets ((resolved_week), (resolved_week, workflow)) -- noqa: PRS
),

-- What the KPIs count of them.
expected as (
    select
        'automated_resolution_rate' as kpi_id,
        week_start,
        workflow,
        automated_cases as numerator,
        triggered_cases as denominator
    from by_trigger

    union all

    select
        'closed_unresolved_rate' as kpi_id,
        week_start,
        workflow,
        closed_cases as numerator,
        triggered_cases as denominator
    from by_trigger

    union all

    select
        'deflection_rate' as kpi_id,
        week_start,
        workflow,
        deflected_cases as numerator,
        resolved_cases as denominator
    from by_resolution

    union all

    select
        'self_cure_rate' as kpi_id,
        week_start,
        workflow,
        self_cured_cases as numerator,
        resolved_cases as denominator
    from by_resolution
),

published as (
    select * from {{ ref('rpt_kpi_weekly') }}
    where
        cohort_dimension = 'all' and denominator > 0
        and kpi_id in ('automated_resolution_rate', 'closed_unresolved_rate', 'deflection_rate', 'self_cure_rate')
)

select
    week_start,
    workflow,
    'the paths of its cases' as what
from by_trigger
where
    triggered_cases <> resolved_cases + closed_cases + open_cases
    or resolved_cases <> in_message_path + assisted_path + self_cured_path
    or deflected_cases <> in_message_path + self_cured_path
    or deflected_cases <> resolved_cases - assisted_cases
    or automated_cases <> in_message_path
    or assisted_cases <> assisted_path
    or closed_cases <> closed_path
    or open_cases <> open_path

union all

select
    coalesce(published.week_start, expected.week_start) as week_start,
    coalesce(published.workflow, expected.workflow) as workflow,
    coalesce(published.kpi_id, expected.kpi_id) as what
from published
full outer join expected
    on
        published.kpi_id = expected.kpi_id
        and published.week_start = expected.week_start
        and published.workflow = expected.workflow
where
    published.numerator is distinct from expected.numerator
    or published.denominator is distinct from expected.denominator
