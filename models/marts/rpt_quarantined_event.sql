-- Grain: one row per quarantined raw row.
{{ config(materialized='view') }}

with

quarantined as (
    {%- for table, columns in event_contract().items() %}
    select
        '{{ table }}' as source_table,
        event_id,
        case_id,
        quarantine_reason as reason,
        occurred_at,
        loaded_at,
        {{ json_object(columns) }} as row_json
    from {{ ref('base_events__' ~ table) }}
    where row_status = 'quarantined'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    source_table,
    nullif(event_id, '') as event_id,
    nullif(case_id, '') as case_id,
    reason,
    occurred_at,
    loaded_at,
    row_json
from quarantined
