-- Grain: one row, the build that the tables are of.

with

weeks as (
    select
        min(week_start) as first_week,
        max(week_start) as latest_week
    from {{ ref('int_week__listed') }}
),

-- Costs wait for the end of their month, the other headline figures for no more than their cases.
final_weeks as (
    select published.period_start as week_start
    from {{ ref('int_kpi__publication') }} as published
    inner join {{ ref('stg_reference__kpi_catalog') }} as kpis on published.kpi_id = kpis.kpi_id
    inner join {{ ref('int_kpi__applicability') }} as applied
        on published.kpi_id = applied.kpi_id and published.workflow = applied.workflow
    where
        published.period_kind = 'week' and published.workflow = '(all)'
        and kpis.tier = 'headline' and not applied.is_final_with_month
    group by published.period_start
    having not bool_or(published.is_provisional)
)

select
    {{ as_of() }} as as_of,
    {{ text_literal(var('reporting_timezone')) }} as reporting_timezone,
    {{ text_literal(var('reporting_currency')) }} as reporting_currency,
    weeks.first_week,
    weeks.latest_week,
    (select max(final_weeks.week_start) from final_weeks) as latest_final_week,
    '{{ project_version() }}' as project_version
from weeks
