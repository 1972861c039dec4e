-- Grain: one row per message that a message event names: case_id and message_id.
{{ config(materialized='incremental', incremental_strategy='touched_cases', on_schema_change='fail') }}

with

message_events as (
    select
        *,
        row_number() over (
            partition by case_id, message_id
            order by case when status = 'sent' then 0 else 1 end, occurred_at, {{ byte_order('event_id') }}
        ) as event_rank
    from {{ ref('stg_events__message_events') }}
    where {{ is_touched() }}
),

messages as (
    select
        case_id,
        message_id,
        min(case when event_rank = 1 then event_id end) as first_event_id,
        min(case when event_rank = 1 then channel end) as channel,
        bool_or(event_rank = 1 and is_fallback) as is_fallback,
        min(case when status = 'sent' then occurred_at end) as sent_at,
        min(case when status in ('delivered', 'opened', 'clicked') then occurred_at end) as delivery_seen_at,
        min(case when status in ('opened', 'clicked') then occurred_at end) as opened_at,
        min(case when status = 'clicked' then occurred_at end) as clicked_at
    from message_events
    group by case_id, message_id
),

customer_actions as (
    select
        case_id,
        message_id,
        min(occurred_at) as action_started_at
    from {{ ref('stg_events__action_events') }}
    where actor = 'customer' and message_id is not null and {{ is_touched() }}
    group by case_id, message_id
)

select
    messages.case_id,
    messages.message_id,
    messages.first_event_id,
    messages.channel,
    messages.is_fallback,
    messages.sent_at,
    case
        when customer_actions.action_started_at < messages.delivery_seen_at then customer_actions.action_started_at
        else coalesce(messages.delivery_seen_at, customer_actions.action_started_at)
    end as delivered_at,
    messages.opened_at,
    messages.clicked_at,
    customer_actions.action_started_at
from messages
left join customer_actions
    on messages.case_id = customer_actions.case_id and messages.message_id = customer_actions.message_id
