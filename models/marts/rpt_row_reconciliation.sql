-- Grain: one row per event table.

with

counts as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as source_table,
        count(*) as raw_rows,
        count(case when row_status = 'accepted' then 1 end) as accepted_rows,
        count(case when row_status = 'duplicate' then 1 end) as duplicate_rows,
        count(case when row_status = 'quarantined' then 1 end) as quarantined_rows
    from {{ ref('base_events__' ~ table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    source_table,
    raw_rows,
    accepted_rows,
    duplicate_rows,
    quarantined_rows
from counts
