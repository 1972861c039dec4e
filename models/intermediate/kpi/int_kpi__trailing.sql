-- Grain: one row per KPI that an alert compares with its past, workflow or (all), and week that has one.

{%- set weeks = var('baseline_weeks') | int %}

with

cells as (
    select * from {{ ref('int_kpi__cells') }}
    where
        cohort_dimension = 'all'
        and kpi_id not in ({{ kpis_of_kind(['median', 'p90']) }})
        and not is_provisional
),

watched as (
    select kpi_id
    from {{ ref('stg_reference__alert_rules') }}
    where kind in ('drop', 'rise')
    group by kpi_id
)

select
    cells.kpi_id,
    cells.workflow,
    cells.week_start,
    {{ rate(exact_sum('earlier.numerator'), 'sum(earlier.denominator)') }} as trailing_value
from cells
inner join watched on cells.kpi_id = watched.kpi_id
inner join cells as earlier
    on
        cells.kpi_id = earlier.kpi_id
        and cells.workflow = earlier.workflow
        and {{ is_in_weeks('earlier.week_start', add_days('cells.week_start', -7 * weeks), weeks) }}
group by cells.kpi_id, cells.workflow, cells.week_start
having count(case when earlier.denominator > 0 then 1 end) >= 3
