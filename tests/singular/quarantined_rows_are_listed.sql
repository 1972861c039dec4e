-- Fails if an event table has another number of rows listed as quarantined than were counted.

with

listed as (
    select
        source_table,
        count(*) as row_count
    from {{ ref('rpt_quarantined_event') }}
    group by source_table
),

counted as (
    select
        source_table,
        quarantined_rows as row_count
    from {{ ref('rpt_row_reconciliation') }}
)

select
    listed.row_count as listed_rows,
    counted.row_count as counted_rows,
    coalesce(listed.source_table, counted.source_table) as source_table
from listed
full outer join counted on listed.source_table = counted.source_table
where coalesce(listed.row_count, 0) <> coalesce(counted.row_count, 0)
