-- Fails if more cases reach a stage than the one before, if a cell has not exactly its five stages, if its own and its skipped cases are
-- not its cases, if its first and last stage are not the cases that were triggered in the week and those of them that are resolved, or if
-- a stage's own cases are not those with its event.

with

stages as (
    select * from {{ ref('rpt_funnel_weekly') }}
),

compared as (
    select
        *,
        lag(cases) over stages_of_cell as previous_cases,
        count(*) over (partition by week_start, workflow, cohort_dimension, cohort_value) as stage_count
    from stages
    window stages_of_cell as (
        partition by week_start, workflow, cohort_dimension, cohort_value
        order by stage_number
    )
),

triggered as (
    select
        {{ local_week('triggered_at') }} as week_start,
        workflow,
        count(*) as triggered_cases,
        count(identity_passed_at) as identified_cases,
        count(action_started_at) as started_cases,
        count(action_completed_at) as completed_cases,
        count(resolved_at) as resolved_cases
    from {{ ref('fct_case_journey') }}
    group by {{ local_week('triggered_at') }}, workflow
),

-- Each stage must show as its own the cases with its event; of the first and of the last those are all.
expected as (
    {%- for own_cases in ['triggered_cases', 'identified_cases', 'started_cases', 'completed_cases', 'resolved_cases'] %}
    select
        week_start,
        workflow,
        {{ loop.index }} as stage_number,
        {{ own_cases }} as own_event_cases,
        {{ own_cases if loop.first or loop.last else 'cast(null as ' ~ dbt.type_bigint() ~ ')' }} as cases
    from triggered
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    week_start,
    workflow,
    cohort_dimension,
    cohort_value,
    stage_number,
    cases,
    previous_cases as expected_cases
from compared
where
    cases > previous_cases
    or stage_count <> 5
    or own_event_cases > cases
    or own_event_cases + skipped_cases <> cases

union all

select
    expected.week_start,
    expected.workflow,
    'all' as cohort_dimension,
    'all' as cohort_value,
    expected.stage_number,
    stages.cases,
    expected.cases as expected_cases
from expected
left join stages
    on
        expected.week_start = stages.week_start
        and expected.workflow = stages.workflow
        and expected.stage_number = stages.stage_number
        and stages.cohort_dimension = 'all'
where
    stages.own_event_cases is distinct from expected.own_event_cases
    or (expected.cases is not null and stages.cases is distinct from expected.cases)
