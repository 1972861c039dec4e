-- Grain: one row per case with an identity check.

select
    case_id,
    count(*) as identity_attempt_count,
    min(case when is_first_pass then occurred_at end) as identity_passed_at
from {{ ref('int_identity_check__counted') }}
where {{ is_touched() }}
group by case_id
