-- Grain: one row per alert rule, week and workflow or (all) in which the rule is breached.

with

rules as (
    select * from {{ ref('stg_reference__alert_rules') }}
),

cells as (
    select * from {{ ref('int_kpi__cells') }}
    where cohort_dimension = 'all' and not is_provisional and denominator > 0
),

past as (
    select * from {{ ref('int_kpi__trailing') }}
),

evaluated as (
    select
        rules.*,
        cells.week_start,
        cells.workflow,
        cells.value,
        cells.numerator,
        cells.denominator,
        cells.is_rate,
        case when rules.kind in ('below', 'above') then rules.amount else past.trailing_value end as reference,
        case rules.kind
            when 'drop' then past.trailing_value - rules.amount
            when 'rise' then past.trailing_value + rules.amount
            else rules.amount
        end as threshold
    from rules
    inner join cells on rules.kpi_id = cells.kpi_id
    left join past
        on
            rules.kind in ('drop', 'rise')
            and cells.kpi_id = past.kpi_id
            and cells.workflow = past.workflow
            and cells.week_start = past.week_start
),

breached as (
    select * from evaluated
    where
        (kind = 'below' and {{ to_9_decimals('value') }} < {{ to_9_decimals('threshold') }})
        or (kind = 'above' and {{ to_9_decimals('value') }} > {{ to_9_decimals('threshold') }})
        or (kind = 'drop' and {{ to_9_decimals('value') }} <= {{ to_9_decimals('threshold') }})
        or (kind = 'rise' and {{ to_9_decimals('value') }} >= {{ to_9_decimals('threshold') }})
),

-- Chance does not explain a rate's breach where the bound towards the reference does not reach it.
final as (
    select
        rule_id,
        kpi_id,
        week_start,
        workflow,
        value,
        reference,
        denominator as sample_size,
        denominator >= coalesce(min_sample, {{ var('min_sample') | int }})
        and case
            when not is_rate then true
            when kind in ('below', 'drop')
                then {{ to_9_decimals(newcombe_high('numerator', 'denominator')) }} < {{ to_9_decimals('reference') }}
            else {{ to_9_decimals(newcombe_low('numerator', 'denominator')) }} > {{ to_9_decimals('reference') }}
        end as is_confirmed,
        case when kpi_id in ({{ kpis_of_kind(['median', 'p90']) }}) then 'warn' else severity end as severity,
        owner,
        action
    from breached
)

select * from final
