-- Fails if a breach that rpt_kpi_weekly shows is no alert, if an alert is listed, or confirmed, that the rule does not know, or if a
-- percentile pages. The trailing value is computed again, by a window over the weeks.

with

rules as (
    select * from {{ ref('stg_reference__alert_rules') }}
),

cells as (
    select * from {{ ref('rpt_kpi_weekly') }}
    where cohort_dimension = 'all' and not is_provisional
),

-- The trailing value by a window over the weeks, which are without a gap: another route than the join of the model.
trailing_cells as (
    select
        *,
        sum(numerator) over trailing_weeks as trailing_numerator,
        sum(denominator) over trailing_weeks as trailing_denominator,
        sum(case when denominator > 0 then 1 else 0 end) over trailing_weeks as trailing_weeks
    from cells
    window trailing_weeks as (
        partition by kpi_id, workflow
        order by week_start
        rows between {{ var('baseline_weeks') | int }} preceding and 1 preceding
    )
),

compared as (
    select
        rules.rule_id,
        rules.kind,
        rules.amount,
        coalesce(rules.min_sample, {{ var('min_sample') | int }}) as min_sample,
        cells.week_start,
        cells.workflow,
        cells.value,
        cells.sample_size,
        case
            when rules.kind in ('below', 'above') then rules.amount
            when cells.trailing_weeks >= 3 then {{ rate('cells.trailing_numerator', 'cells.trailing_denominator') }}
        end as reference
    from rules
    inner join trailing_cells as cells on rules.kpi_id = cells.kpi_id
    where cells.sample_size > 0
),

-- How far the value lies on the wrong side of its threshold; what rounding may decide is left to the unit tests.
measured as (
    select
        *,
        case kind
            when 'below' then amount - value
            when 'above' then value - amount
            when 'drop' then reference - amount - value
            when 'rise' then value - reference - amount
        end as excess
    from compared
)

select
    coalesce(measured.rule_id, alerts.rule_id) as rule_id,
    coalesce(measured.week_start, alerts.week_start) as week_start,
    coalesce(measured.workflow, alerts.workflow) as workflow,
    measured.excess,
    measured.reference as expected_reference,
    alerts.reference,
    alerts.sample_size,
    alerts.is_confirmed
from measured
full outer join {{ ref('rpt_alert') }} as alerts
    on
        measured.rule_id = alerts.rule_id
        and measured.week_start = alerts.week_start
        and measured.workflow = alerts.workflow
where
    measured.rule_id is null
    or (alerts.rule_id is null and measured.excess > 2e-9)
    or (alerts.rule_id is not null and coalesce(measured.excess, -1) < -2e-9)
    or alerts.value <> measured.value
    or alerts.sample_size <> measured.sample_size
    or abs(alerts.reference - measured.reference) > 1e-9 * (1 + abs(measured.reference))
    or (alerts.is_confirmed and alerts.sample_size < measured.min_sample)
    or (alerts.severity = 'page' and alerts.kpi_id in ({{ kpis_of_kind(['median', 'p90']) }}))
