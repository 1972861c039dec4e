-- Grain: one row per local week, from the earliest clock of any unit to as_of or the latest clock.

with

bounds as (
    select
        min(week_start) as first_week,
        max(week_start) as last_unit_week,
        {{ local_week(as_of()) }} as as_of_week
    from {{ ref('int_kpi__weekly_sums') }}
),

days as (
    {{ date_series(
        '(select first_week from bounds)',
        '(select case when last_unit_week > as_of_week then last_unit_week else as_of_week end from bounds)',
    ) | indent(4) }}
)

select cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start
from days
group by cast({{ dbt.date_trunc('week', 'date_day') }} as date)
