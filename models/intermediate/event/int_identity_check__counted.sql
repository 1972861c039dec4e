-- Grain: one row per identity check up to and including the first that its case passed.

with

checks as (
    select * from {{ ref('stg_events__identity_checks') }}
    where {{ is_changed() }}
),

numbered as (
    select
        *,
        row_number() over (partition by case_id order by occurred_at, {{ byte_order('event_id') }}) as check_number
    from checks
),

first_passes as (
    select
        case_id,
        min(check_number) as check_number
    from numbered
    where outcome = 'passed'
    group by case_id
)

select
    numbered.event_id,
    numbered.case_id,
    numbered.occurred_at,
    numbered.method,
    numbered.outcome = 'passed' as is_first_pass
from numbered
left join first_passes on numbered.case_id = first_passes.case_id
where first_passes.check_number is null or numbered.check_number <= first_passes.check_number
