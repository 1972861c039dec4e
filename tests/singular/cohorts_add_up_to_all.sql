-- Fails if, for a week, workflow and KPI, the cohorts of a dimension don't add up to the cell of all cases.

with

cells as (
    select
        week_start,
        workflow,
        kpi_id,
        cohort_dimension,
        -- Percentiles have no numerator, counts no denominator; neither side has one then.
        coalesce(numerator, 0) as numerator,
        coalesce(denominator, 0) as denominator
    from {{ ref('rpt_kpi_weekly') }}
),

dimensions as (
    {%- for dimension in cohort_dimensions() %}
    select '{{ dimension }}' as cohort_dimension
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

all_cases as (
    select
        cells.week_start,
        cells.workflow,
        cells.kpi_id,
        dimensions.cohort_dimension,
        cells.numerator,
        cells.denominator
    from cells
    cross join dimensions
    where cells.cohort_dimension = 'all'
),

-- Cohorts without a cell have nothing to add.
cohorts as (
    select
        week_start,
        workflow,
        kpi_id,
        cohort_dimension,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(abs(numerator)) as magnitude
    from cells
    where cohort_dimension <> 'all'
    group by week_start, workflow, kpi_id, cohort_dimension
),

compared as (
    select
        coalesce(all_cases.week_start, cohorts.week_start) as week_start,
        coalesce(all_cases.workflow, cohorts.workflow) as workflow,
        coalesce(all_cases.kpi_id, cohorts.kpi_id) as kpi_id,
        coalesce(all_cases.cohort_dimension, cohorts.cohort_dimension) as cohort_dimension,
        all_cases.kpi_id is null as is_unexpected,
        coalesce(all_cases.numerator, 0) as numerator,
        coalesce(cohorts.numerator, 0) as cohort_numerator,
        coalesce(all_cases.denominator, 0) as denominator,
        coalesce(cohorts.denominator, 0) as cohort_denominator,
        coalesce(cohorts.magnitude, 0) as magnitude
    from all_cases
    full outer join cohorts
        on
            all_cases.week_start = cohorts.week_start
            and all_cases.workflow = cohorts.workflow
            and all_cases.kpi_id = cohorts.kpi_id
            and all_cases.cohort_dimension = cohorts.cohort_dimension
)

select
    week_start,
    workflow,
    kpi_id,
    cohort_dimension,
    numerator,
    cohort_numerator,
    denominator,
    cohort_denominator
from compared
where
    is_unexpected
    or denominator <> cohort_denominator
    or not coalesce(abs(numerator - cohort_numerator) <= 1e-9 * (1 + magnitude), false)
