-- Fails if, for a week, cohort and KPI, the workflows don't add up to `(all)`.

with

cells as (
    select
        week_start,
        workflow,
        kpi_id,
        cohort_dimension,
        cohort_value,
        -- Percentiles have no numerator, counts no denominator; neither side has one then.
        coalesce(numerator, 0) as numerator,
        coalesce(denominator, 0) as denominator
    from {{ ref('rpt_kpi_weekly') }}
),

all_workflows as (
    select * from cells
    where workflow = '(all)'
),

workflows as (
    select
        week_start,
        kpi_id,
        cohort_dimension,
        cohort_value,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(abs(numerator)) as magnitude
    from cells
    where workflow <> '(all)'
    group by week_start, kpi_id, cohort_dimension, cohort_value
),

compared as (
    select
        coalesce(all_workflows.week_start, workflows.week_start) as week_start,
        coalesce(all_workflows.kpi_id, workflows.kpi_id) as kpi_id,
        coalesce(all_workflows.cohort_dimension, workflows.cohort_dimension) as cohort_dimension,
        coalesce(all_workflows.cohort_value, workflows.cohort_value) as cohort_value,
        coalesce(all_workflows.numerator, 0) as numerator,
        coalesce(workflows.numerator, 0) as workflow_numerator,
        coalesce(all_workflows.denominator, 0) as denominator,
        coalesce(workflows.denominator, 0) as workflow_denominator,
        coalesce(workflows.magnitude, 0) as magnitude
    from all_workflows
    full outer join workflows
        on
            all_workflows.week_start = workflows.week_start
            and all_workflows.kpi_id = workflows.kpi_id
            and all_workflows.cohort_dimension = workflows.cohort_dimension
            and all_workflows.cohort_value = workflows.cohort_value
)

select
    week_start,
    kpi_id,
    cohort_dimension,
    cohort_value,
    numerator,
    workflow_numerator,
    denominator,
    workflow_denominator
from compared
where
    denominator <> workflow_denominator
    or not coalesce(abs(numerator - workflow_numerator) <= 1e-9 * (1 + magnitude), false)
