-- Grain: one row per signal rule, series (workflow or (all), and value of its dimension) and local day, with what the day says for a shift.
{{ config(materialized='table') }}

with

rules as (
    select * from {{ ref('stg_reference__signal_rules') }}
),

units as (
    select
        rules.rule_id,
        counted.*
    from rules
    inner join {{ ref('int_signal__units') }} as counted on rules.kpi_id = counted.kpi_id and rules.dimension = counted.dimension
    -- Clocks may run a few minutes ahead of as_of, into the next day.
    where counted.day <= {{ local_date(as_of()) }}
),

days as (
    {{ date_series('(select min(day) from units)', '(select ' ~ local_date(as_of()) ~ ')') | indent(4) }}
),

series as (
    select
        rule_id,
        kpi_id,
        workflow,
        dimension,
        dimension_value,
        min(day) as first_day,
        max(day) as last_day_with_units
    from units
    group by rule_id, kpi_id, workflow, dimension, dimension_value
),

-- A day without units counts 0.
filled as (
    select
        series.*,
        days.date_day as day,
        coalesce(units.numerator, 0) as numerator,
        coalesce(units.denominator, 0) as denominator
    from series
    inner join days on series.first_day <= days.date_day
    left join units
        on
            series.rule_id = units.rule_id
            and series.workflow = units.workflow
            and series.dimension_value = units.dimension_value
            and days.date_day = units.day
),

-- The 56 days that end 15 days before: a fault of two weeks is not in its own reference.
referred as (
    select
        *,
        sum(numerator) over reference_days as reference_numerator,
        coalesce(sum(denominator) over reference_days, 0) as reference_denominator
    from filled
    window reference_days as (
        partition by rule_id, workflow, dimension_value
        order by day
        rows between 70 preceding and 15 preceding
    )
),

expected as (
    select
        referred.*,
        case
            when referred.reference_denominator >= {{ var('min_sample') | int }}
                then {{ rate('referred.reference_numerator + 0.5', 'referred.reference_denominator + 1') }}
        end as reference,
        case rules.kind when 'rise' then rules.odds_ratio else {{ rate('1', 'rules.odds_ratio') }} end as factor
    from referred
    inner join rules on referred.rule_id = rules.rule_id
),

shifted as (
    select
        *,
        {{ rate('factor * reference', '1 - reference + factor * reference') }} as shifted_rate
    from expected
),

-- The log of how much likelier the day is after the shift than before it.
scored as (
    select
        *,
        cast(coalesce(
            numerator * ln({{ rate('shifted_rate', 'reference') }})
            + (denominator - numerator) * ln({{ rate('1 - shifted_rate', '1 - reference') }}),
            0
        ) as decimal(38, 15)) as day_score
    from shifted
),

added_up as (
    select
        *,
        sum(day_score) over (
            partition by rule_id, workflow, dimension_value
            order by day
        ) as score_so_far
    from scored
),

-- The greatest sum of the days from one of the last 14 up to this one, and no less than 0.
lowest as (
    select
        *,
        row_number() over days_of_series as day_number,
        min(score_so_far) over (
            partition by rule_id, workflow, dimension_value
            order by day
            rows between 14 preceding and 1 preceding
        ) as lowest_score_before
    from added_up
    window days_of_series as (
        partition by rule_id, workflow, dimension_value
        order by day
    )
)

select
    rule_id,
    kpi_id,
    workflow,
    dimension,
    dimension_value,
    day,
    last_day_with_units,
    numerator,
    denominator,
    reference,
    cast(day_score as {{ type_double() }}) as day_score,
    cast(greatest(
        0,
        score_so_far - least(coalesce(lowest_score_before, score_so_far), case when day_number <= 14 then 0 else score_so_far end)
    ) as {{ type_double() }}) as score
from lowest
