-- Fails if the cases of a curve are not those of fct_case_journey triggered in its month, less those that were resolved before their
-- trigger.

with

violations as (
    select * from {{ ref('rpt_integrity_violation') }}
    where kind = 'negative_duration'
),

journeys as (
    select
        {{ local_month('cases.triggered_at') }} as month,
        cases.workflow,
        cases.is_resolved
    from {{ ref('fct_case_journey') }} as cases
    left join violations on cases.case_id = violations.case_id
    where violations.case_id is null
),

journeys_by_workflow as (
    select * from journeys

    union all

    select
        month,
        '(all)' as workflow,
        is_resolved
    from journeys
),

expected as (
    select
        month,
        workflow,
        count(case when is_resolved then 1 end) as resolved_cases,
        count(case when not is_resolved then 1 end) as open_cases
    from journeys_by_workflow
    group by month, workflow
),

curves as (
    select
        month,
        workflow,
        sum(resolved_cases) as resolved_cases,
        sum(censored_cases) as censored_cases,
        max(at_risk_cases) as at_risk_cases
    from {{ ref('rpt_time_to_resolution_curve') }}
    group by month, workflow
)

select
    curves.resolved_cases,
    expected.resolved_cases as expected_resolved_cases,
    curves.censored_cases,
    expected.open_cases,
    curves.at_risk_cases,
    coalesce(curves.month, expected.month) as month,
    coalesce(curves.workflow, expected.workflow) as workflow
from curves
full outer join expected on curves.month = expected.month and curves.workflow = expected.workflow
where
    not coalesce(
        curves.resolved_cases = expected.resolved_cases
        and curves.censored_cases = expected.open_cases
        and curves.at_risk_cases = expected.resolved_cases + expected.open_cases,
        false
    )
