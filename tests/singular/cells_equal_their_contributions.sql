-- Fails if a cell's figures are not those of the units behind it, if a unit stands behind no cell, or if a cell is empty that
-- should not be there. The cohort is taken from the case and the week from the clock, so both are checked as well.

with

contributions as (
    select * from {{ ref('fct_kpi_contribution') }}
),

cases as (
    select * from {{ ref('fct_case_journey') }}
),

units as (
    select
        contributions.kpi_id,
        {{ local_week('contributions.clock_at') }} as week_start,
        cases.workflow,
        contributions.numerator,
        contributions.denominator,
        contributions.observed_value,
        {{ cohort_attributes('cases') }}
    from contributions
    inner join cases on contributions.case_id = cases.case_id
),

units_by_workflow as (
    select * from units

    union all

    select
        kpi_id,
        week_start,
        '(all)' as workflow,
        numerator,
        denominator,
        observed_value,
        {{ cohort_dimensions() | join('_cohort, ') }}_cohort
    from units
),

expected as (
    {%- for dimension in ['all'] + cohort_dimensions() %}
    {%- set cohort_value = "'all'" if dimension == 'all' else dimension ~ '_cohort' %}
    select
        kpi_id,
        week_start,
        workflow,
        '{{ dimension }}' as cohort_dimension,
        {{ cohort_value }} as cohort_value,
        sum(numerator) as numerator,
        sum(abs(numerator)) as magnitude,
        sum(denominator) as denominator,
        {{ median('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['median']) }})) as median_value,
        {{ p90('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['p90']) }})) as p90_value
    from units_by_workflow
    group by kpi_id, week_start, workflow{{ ', ' ~ cohort_value if dimension != 'all' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

cells as (
    select * from {{ ref('rpt_kpi_weekly') }}
),

compared as (
    select
        coalesce(cells.week_start, expected.week_start) as week_start,
        coalesce(cells.workflow, expected.workflow) as workflow,
        coalesce(cells.cohort_dimension, expected.cohort_dimension) as cohort_dimension,
        coalesce(cells.cohort_value, expected.cohort_value) as cohort_value,
        coalesce(cells.kpi_id, expected.kpi_id) as kpi_id,
        cells.kpi_id is not null as has_cell,
        cells.value,
        coalesce(cells.numerator, 0) as numerator,
        coalesce(cells.denominator, 0) as denominator,
        coalesce(expected.numerator, 0) as expected_numerator,
        coalesce(expected.denominator, 0) as expected_denominator,
        coalesce(expected.magnitude, 0) as magnitude,
        case
            when coalesce(cells.kpi_id, expected.kpi_id) in ({{ kpis_of_kind(['median']) }}) then expected.median_value
            when coalesce(cells.kpi_id, expected.kpi_id) in ({{ kpis_of_kind(['p90']) }}) then expected.p90_value
            when coalesce(cells.kpi_id, expected.kpi_id) in ({{ kpis_of_kind(['count']) }}) then coalesce(expected.numerator, 0)
            else {{ rate('coalesce(expected.numerator, 0)', 'expected.denominator') }}
        end as expected_value
    from cells
    full outer join expected
        on
            cells.week_start = expected.week_start
            and cells.workflow = expected.workflow
            and cells.cohort_dimension = expected.cohort_dimension
            and cells.cohort_value = expected.cohort_value
            and cells.kpi_id = expected.kpi_id
)

select
    week_start,
    workflow,
    cohort_dimension,
    cohort_value,
    kpi_id,
    has_cell,
    numerator,
    expected_numerator,
    denominator,
    expected_denominator,
    value,
    expected_value
from compared
where
    denominator <> expected_denominator
    or not coalesce(abs(numerator - expected_numerator) <= 1e-9 * (1 + magnitude), false)
    -- A cell of all cases is always there, another one where it has something to show.
    or (not has_cell and cohort_dimension = 'all')
    or (has_cell and cohort_dimension <> 'all' and numerator = 0 and denominator = 0)
    or (has_cell and (value is null) <> (expected_value is null))
    or (has_cell and abs(value - expected_value) > 1e-9 * (1 + abs(expected_value) + magnitude))
