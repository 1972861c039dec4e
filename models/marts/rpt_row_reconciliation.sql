-- Grain: one row per event table.

with

raw_rows as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as source_table,
        count(*) as raw_rows
    from ({{ raw_rows('events', table) | indent(4) }}) as raw_rows
    where {{ is_visible() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

exceptional as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as source_table,
        count(*) as exceptional_rows,
        count(case when row_status = 'accepted' then 1 end) as accepted_rows,
        count(case when row_status = 'duplicate' then 1 end) as duplicate_rows,
        count(case when row_status = 'quarantined' then 1 end) as quarantined_rows
    from {{ ref('base_events__' ~ table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    raw_rows.source_table,
    raw_rows.raw_rows,
    raw_rows.raw_rows - exceptional.exceptional_rows + exceptional.accepted_rows as accepted_rows,
    exceptional.duplicate_rows,
    exceptional.quarantined_rows
from raw_rows
inner join exceptional on raw_rows.source_table = exceptional.source_table
