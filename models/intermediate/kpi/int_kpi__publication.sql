-- Grain: one row per KPI, workflow or (all), and week: the cells that are published, and whether they may still move.

with

applied as (
    select * from {{ ref('int_kpi__applicability') }}
),

weeks as (
    select * from {{ ref('int_week__listed') }}
)

select
    applied.kpi_id,
    applied.workflow,
    weeks.week_start,
    {{ add_seconds('weeks.ends_at', 'applied.lag_seconds') }} > {{ as_of() }}
    or (
        applied.is_final_with_month
        and {{ add_seconds('weeks.month_ends_at', 3600 * var('settling_hours') | float) }} > {{ as_of() }}
    ) as is_provisional
from applied
cross join weeks
