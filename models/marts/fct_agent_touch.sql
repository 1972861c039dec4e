-- Grain: one row per accepted agent touch.
{{ config(materialized='view') }}

select
    event_id,
    case_id,
    workflow,
    occurred_at,
    exception_id,
    agent_ref,
    ended_at,
    outcome,
    handle_minutes,
    wrap_up_minutes,
    logins,
    handoffs,
    copy_pastes,
    agent_cost
from {{ ref('int_agent_touch__costed') }}
