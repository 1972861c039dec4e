-- Grain: one row per accepted evidence item.
{#- Whoever reads a view of raw tables would need the key. #}
{%- if var('pii') == 'hashed' %}
{{- config(materialized='table') }}
{%- endif %}

with

events as (
    select * from {{ ref('stg_events__evidence_items') }}
),

cases as (
    select
        case_id,
        workflow
    from {{ ref('int_case__opened') }}
)

select
    events.event_id,
    events.case_id,
    cases.workflow,
    events.occurred_at,
    events.evidence_type,
    events.is_valid,
    events.uri
from events
inner join cases on events.case_id = cases.case_id
