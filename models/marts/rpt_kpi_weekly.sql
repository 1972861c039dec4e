-- Grain: one row per week, workflow or (all), cohort and KPI.

with

cells as (
    select * from {{ ref('int_kpi__cells') }}
),

kpis as (
    select * from {{ ref('dim_kpi') }}
),

verdicts as (
    select * from {{ ref('int_kpi__verdicts') }}
    where period_kind = 'week'
),

final as (
    select
        cells.week_start,
        cells.workflow,
        cells.cohort_dimension,
        cells.cohort_value,
        cells.kpi_id,
        kpis.tier,
        cells.numerator,
        cells.denominator,
        cells.value,
        coalesce(cells.denominator, 0) as sample_size,
        cells.ci_low,
        cells.ci_high,
        previous.value as prior_value,
        cells.value - previous.value as change,
        verdicts.baseline_value,
        verdicts.target,
        verdicts.red_flag,
        verdicts.status,
        verdicts.is_certain,
        verdicts.owner,
        verdicts.action,
        cells.is_provisional
    from cells
    inner join kpis on cells.kpi_id = kpis.kpi_id
    left join cells as previous
        on
            cells.kpi_id = previous.kpi_id
            and cells.workflow = previous.workflow
            and cells.cohort_dimension = previous.cohort_dimension
            and cells.cohort_value = previous.cohort_value
            and cells.week_start = {{ add_days('previous.week_start', 7) }}
    left join verdicts
        on
            cells.cohort_dimension = 'all'
            and cells.kpi_id = verdicts.kpi_id
            and cells.workflow = verdicts.workflow
            and cells.week_start = verdicts.period_start
)

select * from final
