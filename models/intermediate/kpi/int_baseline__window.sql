-- Grain: one row per workflow or (all) with a case: the weeks that its baselines are pooled over.

with

first_days as (
    select
        coalesce(workflow, '(all)') as workflow,
        min({{ local_date('triggered_at') }}) as first_day
    from {{ ref('int_case__opened') }}
    group by grouping sets ((workflow), ()) -- noqa: PRS
    having count(*) > 0
),

-- From the first Monday on or after the first trigger.
windows as (
    select
        workflow,
        cast({{ dbt.date_trunc('week', add_days('first_day', 6)) }} as date) as first_week
    from first_days
)

select
    workflow,
    first_week,
    {{ add_days('first_week', 7 * var('baseline_weeks') | int) }} as ends_on
from windows
