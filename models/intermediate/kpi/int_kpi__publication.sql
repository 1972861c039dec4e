-- Grain: one row per KPI, workflow or (all), and period: the figures that are published, and whether they may still move.

with

applied as (
    select * from {{ ref('int_kpi__applicability') }}
    where can_apply
),

periods as (
    select * from {{ ref('int_period__listed') }}
    where is_listed
)

select
    applied.kpi_id,
    applied.workflow,
    periods.period_kind,
    periods.period_start,
    periods.period_end,
    periods.last_monday,
    {{ may_still_move('applied', 'periods') }} as is_provisional
from applied
cross join periods
