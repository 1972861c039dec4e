-- Grain: one row per signal rule, series (workflow or (all), and value of its dimension) and local day, with the rate expected of it.

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
    case
        when reference_denominator >= {{ var('min_sample') | int }}
            then {{ rate('reference_numerator + 0.5', 'reference_denominator + 1') }}
    end as reference
from referred
