-- Grain: one row per signal rule, series (workflow or (all), and value of its dimension) and local day, with what the day says for a shift.
{{ config(materialized='table') }}

with

expected as (
    select
        days.*,
        case rules.kind when 'rise' then rules.odds_ratio else {{ rate('1', 'rules.odds_ratio') }} end as factor
    from {{ ref('int_signal__expected') }} as days
    inner join {{ ref('stg_reference__signal_rules') }} as rules on days.rule_id = rules.rule_id
),

shifted as (
    select
        *,
        {{ rate('factor * reference', '1 - reference + factor * reference') }} as shifted_rate
    from expected
),

-- The log of how much likelier the day is after the shift than before it; to as many digits as every engine adds up and keeps.
scored as (
    select
        *,
        cast(coalesce(
            numerator * ln({{ rate('shifted_rate', 'reference') }})
            + (denominator - numerator) * ln({{ rate('1 - shifted_rate', '1 - reference') }}),
            0
        ) as decimal(27, 12)) as day_score
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
