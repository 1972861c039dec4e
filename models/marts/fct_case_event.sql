-- Grain: one row per accepted event: the audit trail.
{#- Whoever reads a view of raw tables would need the key. #}
{%- if var('pii') == 'hashed' %}
{{- config(materialized='table') }}
{%- endif %}

with

events as (
    {%- for table, event in audit_trail().items() %}
    select
        case_id,
        occurred_at,
        '{{ table }}' as source_table,
        event_id,
        {{ event.actor }} as actor,
        {{ event.what }} as what
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
    what
from events
