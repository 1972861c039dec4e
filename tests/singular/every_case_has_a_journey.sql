-- Fails if a case with an accepted trigger has no journey, or a journey has no accepted trigger, or another count of them.

with

triggers as (
    select
        case_id,
        count(*) as trigger_count,
        min(occurred_at) as triggered_at
    from {{ ref('stg_events__case_triggers') }}
    group by case_id
),

cases as (
    select * from {{ ref('fct_case_journey') }}
)

select
    triggers.trigger_count,
    cases.trigger_count as journey_trigger_count,
    triggers.triggered_at,
    cases.triggered_at as journey_triggered_at,
    coalesce(triggers.case_id, cases.case_id) as case_id
from triggers
full outer join cases on triggers.case_id = cases.case_id
where
    triggers.trigger_count is distinct from cases.trigger_count
    or triggers.triggered_at is distinct from cases.triggered_at
