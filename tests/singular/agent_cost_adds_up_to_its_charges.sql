-- Fails if the manual effort of a month and workflow doesn't add up to the variable agent charges, the touches or the resolutions:
-- if a touch is lost or counts twice, or a fixed cost gets in.

with

effort as (
    select * from {{ ref('rpt_manual_effort_monthly') }}
),

cases as (
    select * from {{ ref('fct_case_journey') }}
),

charged as (
    select
        {{ local_month('charges.charged_at') }} as month,
        cases.workflow,
        0 as touches,
        count(*) as charges,
        0 as resolved_cases,
        0 as minutes,
        coalesce(sum(charges.amount), 0) as agent_cost
    from {{ ref('fct_charge') }} as charges
    inner join cases on charges.case_id = cases.case_id
    where charges.category = 'agent' and not charges.is_fixed
    group by {{ local_month('charges.charged_at') }}, cases.workflow
),

-- What is known of a touch counts, also where its charge needs more.
touched as (
    select
        {{ local_month('occurred_at') }} as month,
        workflow,
        count(*) as touches,
        0 as charges,
        0 as resolved_cases,
        sum(coalesce(handle_minutes, 0) + coalesce(wrap_up_minutes, 0)) as minutes,
        0 as agent_cost
    from {{ ref('fct_agent_touch') }}
    group by {{ local_month('occurred_at') }}, workflow
),

resolved as (
    select
        {{ local_month('resolved_at') }} as month,
        workflow,
        0 as touches,
        0 as charges,
        count(*) as resolved_cases,
        0 as minutes,
        0 as agent_cost
    from cases
    where is_resolved
    group by {{ local_month('resolved_at') }}, workflow
),

all_sources as (
    select * from charged

    union all

    select * from touched

    union all

    select * from resolved
),

expected as (
    select
        month,
        workflow,
        sum(touches) as touches,
        sum(charges) as charges,
        sum(resolved_cases) as resolved_cases,
        sum(minutes) as minutes,
        sum(agent_cost) as agent_cost
    from all_sources
    group by month, workflow
)

select
    coalesce(effort.month, expected.month) as month,
    coalesce(effort.workflow, expected.workflow) as workflow,
    effort.touches,
    expected.touches as expected_touches,
    expected.charges as expected_charges,
    effort.resolved_cases,
    expected.resolved_cases as expected_resolved_cases,
    effort.manual_minutes as minutes,
    expected.minutes as expected_minutes,
    effort.agent_cost,
    expected.agent_cost as expected_agent_cost
from effort
full outer join expected on effort.month = expected.month and effort.workflow = expected.workflow
where
    effort.month is null
    or expected.month is null
    or effort.touches <> expected.touches
    or effort.touches <> expected.charges
    or effort.resolved_cases <> expected.resolved_cases
    or abs(coalesce(effort.manual_minutes, 0) - expected.minutes) > 1e-9 * (1 + expected.minutes)
    or abs(coalesce(effort.handle_minutes, 0) + coalesce(effort.wrap_up_minutes, 0) - expected.minutes) > 1e-9 * (1 + expected.minutes)
    or effort.waste_minutes > effort.manual_minutes
    or abs(effort.agent_cost - expected.agent_cost) > 1e-9 * (1 + expected.agent_cost)
