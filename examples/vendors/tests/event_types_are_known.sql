-- Warns of types of webhooks that event_types.csv doesn't know. List them there, with what they become or why nothing.
{{ config(severity='warn') }}

select
    vendor,
    event_type,
    webhook_count
from {{ ref('unmapped_webhooks') }}
where not is_known
