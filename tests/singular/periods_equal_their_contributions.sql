-- Fails if the figures of a month or a quarter are not those of the units behind it, each by the local date of its clock, or if a
-- month or a quarter in which a week begins has not all its cells.

with

{%- set kinds = ['month', 'quarter'] %}

periods as (
    select * from {{ ref('rpt_kpi_period') }}
    where period_kind in ('{{ kinds | join("', '") }}')
),

units as (
    {%- for kind in kinds %}
    select
        kpi_id,
        workflow,
        numerator,
        denominator,
        observed_value,
        '{{ kind }}' as period_kind,
        cast({{ dbt.date_trunc(kind, local_month('clock_at')) }} as date) as period_start
    from {{ ref('fct_kpi_contribution') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

expected as (
    select
        period_kind,
        period_start,
        coalesce(workflow, '(all)') as workflow,
        kpi_id,
        sum(numerator) as numerator,
        sum(abs(numerator)) as magnitude,
        sum(denominator) as denominator,
        {{ median('observed_value') }} as median_value,
        {{ p90('observed_value') }} as p90_value
    from units
    {%- set keys = 'period_kind, period_start, kpi_id' %}
    group by grouping sets (({{ keys }}), ({{ keys }}, workflow)) -- noqa: PRS
),

-- Every KPI that has a cell in a week has one in its month and its quarter.
scheduled as (
    {%- for kind in kinds %}
    select distinct
        '{{ kind }}' as period_kind,
        cast({{ dbt.date_trunc(kind, 'week_start') }} as date) as period_start,
        workflow,
        kpi_id
    from {{ ref('rpt_kpi_weekly') }}
    where cohort_dimension = 'all'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        coalesce(periods.period_kind, scheduled.period_kind) as period_kind,
        coalesce(periods.period_start, scheduled.period_start) as period_start,
        coalesce(periods.workflow, scheduled.workflow) as workflow,
        coalesce(periods.kpi_id, scheduled.kpi_id) as kpi_id,
        periods.kpi_id is not null and scheduled.kpi_id is not null as is_scheduled,
        periods.value,
        coalesce(periods.numerator, 0) as numerator,
        coalesce(periods.denominator, 0) as denominator,
        coalesce(expected.numerator, 0) as expected_numerator,
        coalesce(expected.denominator, 0) as expected_denominator,
        coalesce(expected.magnitude, 0) as magnitude,
        case
            when periods.kpi_id in ({{ kpis_of_kind(['median']) }}) then expected.median_value
            when periods.kpi_id in ({{ kpis_of_kind(['p90']) }}) then expected.p90_value
            when periods.kpi_id in ({{ kpis_of_kind(['count']) }}) then coalesce(expected.numerator, 0)
            else {{ rate('coalesce(expected.numerator, 0)', 'expected.denominator') }}
        end as expected_value
    from periods
    full outer join scheduled
        on
            periods.period_kind = scheduled.period_kind
            and periods.period_start = scheduled.period_start
            and periods.workflow = scheduled.workflow
            and periods.kpi_id = scheduled.kpi_id
    left join expected
        on
            periods.period_kind = expected.period_kind
            and periods.period_start = expected.period_start
            and periods.workflow = expected.workflow
            and periods.kpi_id = expected.kpi_id
)

select * from compared
where
    not is_scheduled
    or denominator <> expected_denominator
    or abs(numerator - expected_numerator) > 1e-9 * (1 + magnitude)
    or (value is null) <> (expected_value is null)
    or abs(value - expected_value) > 1e-9 * (1 + abs(expected_value) + magnitude)
