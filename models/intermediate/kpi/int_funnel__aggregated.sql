-- Grain: one row per trigger week, workflow or (all), cohort and stage that a case reached.

with

reached as (
    select * from {{ ref('int_funnel__reached') }}
)

select
    week_start,
    stage_number,
    {{ cohort_columns() }},
    count(*) as cases,
    {{ median('minutes_from_trigger') }} as median_minutes_from_trigger
from reached
group by {{ cohort_grouping_sets(['week_start', 'stage_number']) }} -- noqa: PRS
