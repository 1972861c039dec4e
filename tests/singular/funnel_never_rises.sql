-- Fails if more cases reach a stage than the one before, if a cell has not exactly its five stages, or if its first and last stage are
-- not the cases that were triggered in the week and those of them that are resolved.

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
        count(case when is_resolved then 1 end) as resolved_cases
    from {{ ref('fct_case_journey') }}
    group by {{ local_week('triggered_at') }}, workflow
),

-- The first stage must show every triggered case, the last every resolved one.
expected as (
    select
        week_start,
        workflow,
        1 as stage_number,
        triggered_cases as cases
    from triggered

    union all

    select
        week_start,
        workflow,
        5 as stage_number,
        resolved_cases as cases
    from triggered
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
where cases > previous_cases or stage_count <> 5

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
where stages.cases is distinct from expected.cases
