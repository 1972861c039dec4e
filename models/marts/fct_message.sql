-- Grain: one row per message: case_id and message_id.
{{ config(materialized='view') }}

select
    case_id,
    message_id,
    channel,
    is_fallback,
    sent_at,
    delivered_at,
    opened_at,
    clicked_at,
    action_started_at
from {{ ref('int_message__assembled') }}
