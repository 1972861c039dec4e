-- Grain: one row per KPI, workflow or (all), and period longer than a week, that has a unit.
{{ config(materialized='table') }}

with

sums as (
    select * from {{ ref('int_kpi__sums') }}
    where cohort_dimension = 'all'
),

days as (
    select distinct day from sums
),

period_days as (
    select
        periods.period_kind,
        periods.period_start,
        days.day
    from {{ ref('int_period__listed') }} as periods
    inner join days
        on periods.period_start <= days.day and periods.period_end > days.day
    where periods.period_kind <> 'week'
),

cells as (
    select
        sums.kpi_id,
        period_days.period_kind,
        period_days.period_start,
        coalesce(sums.workflow, '(all)') as workflow,
        {{ exact_sum('sums.numerator') }} as numerator,
        cast(sum(sums.denominator) as {{ dbt.type_bigint() }}) as denominator
    from sums
    inner join period_days on sums.day = period_days.day
    {%- set keys = 'sums.kpi_id, period_days.period_kind, period_days.period_start' %}
    group by grouping sets (({{ keys }}), ({{ keys }}, sums.workflow)) -- noqa: PRS, RF02
),

observed as (
    select
        observations.observed_for,
        period_days.period_kind,
        period_days.period_start,
        coalesce(observations.workflow, '(all)') as workflow,
        {{ median_and_p90('observations.observed_value') }} as percentiles
    from {{ ref('int_kpi__observations') }} as observations
    inner join period_days on observations.day = period_days.day
    {%- set keys = 'observations.observed_for, period_days.period_kind, period_days.period_start' %}
    group by grouping sets (({{ keys }}), ({{ keys }}, observations.workflow)) -- noqa: PRS, RF02
),

percentiles as (
    select
        kpis.kpi_id,
        observed.period_kind,
        observed.period_start,
        observed.workflow,
        {{ kpi_percentiles() | indent(8) }}
    from observed
    inner join {{ observing_kpis() }} on observed.observed_for = kpis.observed_for
)

select
    cells.*,
    percentiles.median_value,
    percentiles.p90_value
from cells
left join percentiles
    on
        cells.kpi_id = percentiles.kpi_id
        and cells.period_kind = percentiles.period_kind
        and cells.period_start = percentiles.period_start
        and cells.workflow = percentiles.workflow
