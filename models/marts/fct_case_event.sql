-- Grain: one row per accepted event: the audit trail.
{#- Whoever reads a view of raw tables would need the key. #}
{%- if var('pii') == 'hashed' %}
{{- config(materialized='table') }}
{%- endif %}
{%- set no_id = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with

events as (
    {%- for table, event in audit_trail().items() %}
    select
        case_id,
        occurred_at,
        '{{ table }}' as source_table,
        event_id,
        {{ event.actor }} as actor,
        {{ event.what }} as what,
        {{ event.activity }} as activity,
        {{ event.message_id or no_id }} as message_id,
        {{ event.idempotency_key or no_id }} as idempotency_key,
        {{ event.exception_id or no_id }} as exception_id
    from {{ ref('stg_events__' ~ table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    case_id,
    occurred_at,
    source_table,
    event_id,
    actor,
    what,
    activity,
    message_id,
    idempotency_key,
    exception_id
from events
