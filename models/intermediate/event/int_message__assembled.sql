-- Grain: one row per message that a message event names: case_id and message_id.

with

message_events as {{ stored_in_increments() }} (
    select * from {{ ref('stg_events__message_events') }}
    where {{ is_changed() }}
),

messages as (
    select
        case_id,
        message_id,
        count(case when status = 'sent' then 1 end) as sent_count,
        min(case when status = 'sent' then event_id end) as sent_event_id,
        min(case when status = 'sent' then channel end) as sent_channel,
        bool_or(status = 'sent' and is_fallback) as is_sent_as_fallback,
        min(case when status = 'sent' then occurred_at end) as sent_at,
        min(case when status in ('delivered', 'opened', 'clicked') then occurred_at end) as delivery_seen_at,
        min(case when status in ('opened', 'clicked') then occurred_at end) as opened_at,
        min(case when status = 'clicked' then occurred_at end) as clicked_at
    from message_events
    group by case_id, message_id
),

-- Where one event says that the message was sent, it names the channel. Otherwise the earliest such event does, or of all events.
ranked_events as (
    select
        message_events.*,
        row_number() over (
            partition by message_events.case_id, message_events.message_id
            order by
                case when message_events.status = 'sent' then 0 else 1 end,
                message_events.occurred_at, {{ byte_order('message_events.event_id') }}
        ) as event_rank
    from message_events
    inner join messages
        on
            message_events.case_id = messages.case_id
            and message_events.message_id = messages.message_id
            and messages.sent_count <> 1
),

customer_actions as (
    select
        case_id,
        message_id,
        min(occurred_at) as action_started_at
    from {{ ref('stg_events__action_events') }}
    where actor = 'customer' and message_id is not null and {{ is_changed() }}
    group by case_id, message_id
)

select
    messages.case_id,
    messages.message_id,
    coalesce(ranked_events.event_id, messages.sent_event_id) as first_event_id,
    coalesce(ranked_events.channel, messages.sent_channel) as channel,
    coalesce(ranked_events.is_fallback, messages.is_sent_as_fallback) as is_fallback,
    messages.sent_at,
    case
        when customer_actions.action_started_at < messages.delivery_seen_at then customer_actions.action_started_at
        else coalesce(messages.delivery_seen_at, customer_actions.action_started_at)
    end as delivered_at,
    messages.opened_at,
    messages.clicked_at,
    customer_actions.action_started_at
from messages
left join ranked_events
    on
        messages.case_id = ranked_events.case_id
        and messages.message_id = ranked_events.message_id
        and ranked_events.event_rank = 1
left join customer_actions
    on messages.case_id = customer_actions.case_id and messages.message_id = customer_actions.message_id
