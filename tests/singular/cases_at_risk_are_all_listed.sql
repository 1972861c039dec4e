-- Fails if an open case that has used half of its time and is not yet due is missing from rpt_case_at_risk, or another one is listed.

with

listed as (
    select * from {{ ref('rpt_case_at_risk') }}
),

cases as (
    select
        *,
        {{ seconds_between('triggered_at', as_of()) }} as seconds_used,
        {{ seconds_between(as_of(), 'due_at') }} as seconds_left
    from {{ ref('fct_case_journey') }}
)

select
    coalesce(cases.case_id, listed.case_id) as case_id,
    cases.seconds_used,
    cases.seconds_left,
    listed.minutes_left
from cases
full outer join listed on cases.case_id = listed.case_id
where
    cases.case_id is null
    or (listed.case_id is not null) <> (cases.resolved_at is null and cases.seconds_left > 0 and cases.seconds_used >= cases.seconds_left)
    or abs(60 * listed.minutes_left - cases.seconds_left) > 1e-6
