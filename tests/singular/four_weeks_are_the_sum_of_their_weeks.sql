-- Fails if the numerator or the denominator of four weeks is not the sum of theirs, if its value is not their quotient, if it is final
-- before its last week or not with it, or if four listed weeks have no such period.

with

periods as (
    select * from {{ ref('rpt_kpi_period') }}
    where period_kind = 'rolling_4_weeks'
),

weeks as (
    select
        *,
        coalesce(numerator, 0) as filled_numerator,
        coalesce(denominator, 0) as filled_denominator
    from {{ ref('rpt_kpi_weekly') }}
    where cohort_dimension = 'all'
),

-- Weeks have no gap, so that the three rows before a week are the three weeks before it.
summed as (
    select
        kpi_id,
        workflow,
        is_provisional,
        {{ add_days('week_start', -21) }} as period_start,
        count(*) over four_weeks as week_count,
        sum(filled_numerator) over four_weeks as numerator,
        sum(abs(filled_numerator)) over four_weeks as magnitude,
        sum(filled_denominator) over four_weeks as denominator
    from weeks
    window four_weeks as (
        partition by kpi_id, workflow
        order by week_start
        rows between 3 preceding and current row
    )
),

expected as (
    select * from summed
    where week_count = 4
)

select
    coalesce(periods.period_start, expected.period_start) as period_start,
    coalesce(periods.workflow, expected.workflow) as workflow,
    coalesce(periods.kpi_id, expected.kpi_id) as kpi_id,
    periods.numerator,
    expected.numerator as expected_numerator,
    periods.denominator,
    expected.denominator as expected_denominator,
    periods.value,
    periods.is_provisional,
    expected.is_provisional as expected_is_provisional
from periods
full outer join expected
    on
        periods.kpi_id = expected.kpi_id
        and periods.workflow = expected.workflow
        and periods.period_start = expected.period_start
where
    periods.kpi_id is null
    or expected.kpi_id is null
    or coalesce(periods.denominator, 0) <> expected.denominator
    or abs(coalesce(periods.numerator, 0) - expected.numerator) > 1e-9 * (1 + expected.magnitude)
    or periods.is_provisional <> expected.is_provisional
    or (
        periods.kpi_id in ({{ kpis_of_kind(['rate', 'ratio']) }})
        and (
            (periods.value is null) <> (expected.denominator = 0)
            or abs(periods.value - {{ rate('expected.numerator', 'expected.denominator') }})
            > 1e-9 * (1 + {{ rate('expected.magnitude', 'expected.denominator') }})
        )
    )
