-- Grain: one row per signal rule, series (workflow or (all), and value of its dimension) and local day with a signal.

with

rules as (
    select
        *,
        ln({{ rate('14 * 365', 'false_alarms_per_year') }}) as threshold
    from {{ ref('stg_reference__signal_rules') }}
),

signalled as (
    select
        scored.*,
        rules.threshold,
        rules.severity,
        rules.owner,
        rules.action,
        lag(scored.day) over days_of_series as previous_day
    from {{ ref('int_signal__scored') }} as scored
    inner join rules on scored.rule_id = rules.rule_id
    where {{ to_9_decimals('scored.score') }} >= {{ to_9_decimals('rules.threshold') }}
    window days_of_series as (
        partition by scored.rule_id, scored.workflow, scored.dimension_value
        order by scored.day
    )
)

select
    rule_id,
    kpi_id,
    day,
    workflow,
    dimension,
    dimension_value,
    cast(numerator as {{ type_double() }}) as numerator,
    cast(denominator as {{ dbt.type_bigint() }}) as denominator,
    {{ rate('numerator', 'denominator') }} as value,
    reference,
    score,
    threshold,
    -- The latest day so far that does not follow upon a signalled one.
    max(case when previous_day = {{ add_days('day', -1) }} then null else day end) over (
        partition by rule_id, workflow, dimension_value
        order by day
    ) as first_day,
    day = last_day_with_units and {{ to_9_decimals('day_score') }} > 0 as is_open,
    severity,
    owner,
    action
from signalled
