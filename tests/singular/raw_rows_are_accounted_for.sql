-- Fails if, for an event table, the visible raw rows (counted at the source) are not those that were reconciled, if accepted,
-- duplicate and quarantined rows don't add up to them, or if the accepted ones are not all in the staging layer and the audit trail.

with

raw_counts as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as source_table,
        count(*) as row_count
    from (
        {{ raw_rows('events', table) | indent(8) }}
    ) as raw_rows
    where raw_rows.loaded_at is null or raw_rows.loaded_at <= {{ as_of() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

staged_counts as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as source_table,
        count(*) as row_count
    from {{ ref('stg_events__' ~ table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

audited_counts as (
    select
        source_table,
        count(*) as row_count
    from {{ ref('fct_case_event') }}
    group by source_table
),

reconciled as (
    select * from {{ ref('rpt_row_reconciliation') }}
)

select
    raw_counts.source_table,
    raw_counts.row_count as counted_rows,
    reconciled.raw_rows,
    reconciled.accepted_rows,
    reconciled.duplicate_rows,
    reconciled.quarantined_rows,
    staged_counts.row_count as staged_rows,
    audited_counts.row_count as audited_rows
from raw_counts
inner join staged_counts on raw_counts.source_table = staged_counts.source_table
left join audited_counts on raw_counts.source_table = audited_counts.source_table
left join reconciled on raw_counts.source_table = reconciled.source_table
where
    -- With --empty no row of any table is read, those of the reconciliation neither.
    {{ 'false' if flags.EMPTY else 'true' }}
    and (
        reconciled.raw_rows is distinct from raw_counts.row_count
        or reconciled.accepted_rows + reconciled.duplicate_rows + reconciled.quarantined_rows is distinct from raw_counts.row_count
        or reconciled.accepted_rows is distinct from staged_counts.row_count
        or reconciled.accepted_rows is distinct from coalesce(audited_counts.row_count, 0)
    )
