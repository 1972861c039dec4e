-- Grain: one row per build and event table: which of its rows the build reads, and what is left of those that the build before it read.
-- Kept for good.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

with

this_build as (
    select max(build_number) as build_number
    from {{ ref('build_inputs') }}
),

last_reads as (
    {%- if is_incremental() %}
    select * from {{ this }}
    where build_number = (select max(earlier.build_number) from {{ this }} as earlier)
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as source_table,
        cast(null as timestamp) as loaded_until,
        cast(null as {{ dbt.type_bigint() }}) as row_count,
        cast(null as decimal(38, 0)) as rows_hash
    where false
    {%- endif %}
),

-- Of the rows that were loaded by as_of: those that the last build read, and those that it did not.
halves as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as source_table,
        hashed.is_known,
        max(hashed.loaded_at) as loaded_until,
        count(*) as row_count,
        {{ hash_sum('hashed.row_hash') }} as rows_hash
    from (
        select
            raw_rows.loaded_at,
            {{ row_hash('raw_rows') }} as row_hash,
            coalesce(
                raw_rows.loaded_at <= (select last_reads.loaded_until from last_reads where last_reads.source_table = '{{ table }}'), false -- noqa: LT05, LT14
            ) as is_known
        from ({{ raw_rows('events', table) | indent(8) }}) as raw_rows
        where raw_rows.loaded_at <= {{ as_of() }}
    ) as hashed
    group by hashed.is_known
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

reads as (
    select
        source_table,
        max(loaded_until) as loaded_until,
        sum(row_count) as row_count,
        sum(rows_hash) as rows_hash,
        sum(case when is_known then row_count else 0 end) as known_row_count,
        sum(case when is_known then rows_hash else 0 end) as known_rows_hash
    from halves
    group by source_table
),

event_tables as (
    {%- for table in event_contract() %}
    select '{{ table }}' as source_table
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    this_build.build_number,
    event_tables.source_table,
    coalesce(reads.loaded_until, cast('0001-01-01' as timestamp)) as loaded_until,
    cast(coalesce(reads.row_count, 0) as {{ dbt.type_bigint() }}) as row_count,
    cast(coalesce(reads.rows_hash, 0) as decimal(38, 0)) as rows_hash,
    last_reads.loaded_until as last_loaded_until,
    last_reads.row_count as last_row_count,
    last_reads.rows_hash as last_rows_hash,
    cast(coalesce(reads.known_row_count, 0) as {{ dbt.type_bigint() }}) as last_row_count_now,
    cast(coalesce(reads.known_rows_hash, 0) as decimal(38, 0)) as last_rows_hash_now
from event_tables
cross join this_build
left join reads on event_tables.source_table = reads.source_table
left join last_reads on event_tables.source_table = last_reads.source_table
{%- if flags.EMPTY %}
limit 0
{%- endif %}
