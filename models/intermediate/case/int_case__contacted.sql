-- Grain: one row per case with a message.

with

messages as (
    select
        *,
        row_number() over (partition by case_id order by sent_at nulls last, {{ byte_order('first_event_id') }}) as sent_rank
    from {{ ref('int_message__assembled') }}
    where {{ is_touched() }}
)

select
    case_id,
    min(sent_at) as first_sent_at,
    min(case when sent_rank = 1 and sent_at is not null then channel end) as entry_channel,
    count(sent_at) as message_count,
    count(case when is_fallback then sent_at end) as fallback_message_count,
    coalesce(bool_or({{ is_quiet_hour('sent_at') }}), false) as is_quiet_hours_contact
from messages
group by case_id
