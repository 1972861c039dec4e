-- Fails if a case that is neither resolved nor closed is missing from rpt_open_case, another one is listed, or its state isn't its clock's.

with

listed as (
    select * from {{ ref('rpt_open_case') }}
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
    listed.minutes_left,
    listed.state
from cases
full outer join listed on cases.case_id = listed.case_id
where
    cases.case_id is null
    or (listed.case_id is not null) <> (cases.resolved_at is null and cases.closed_at is null)
    or abs(60 * listed.minutes_left - cases.seconds_left) > 1e-6
    or listed.state <> case
        when cases.seconds_left <= 0 then 'overdue'
        when cases.seconds_used >= cases.seconds_left then 'at_risk'
        else 'on_track'
    end
