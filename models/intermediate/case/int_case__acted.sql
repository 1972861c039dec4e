-- Grain: one row per case with an action event.

select
    case_id,
    min(case when actor = 'customer' then occurred_at end) as action_started_at,
    min(case when actor = 'customer' and step = 'completed' then occurred_at end) as action_completed_at,
    min(case when actor = 'customer' and action = 'pay' then occurred_at end) as first_pay_action_at,
    bool_or(actor = 'agent') as has_agent_action
from {{ ref('stg_events__action_events') }}
where {{ is_touched() }}
group by case_id
