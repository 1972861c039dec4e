-- Grain: one row per build that came to read events: whether it rebuilds everything or only the cases that changed, and why.
-- Kept for good. What a build knows of the builds before it, it reads here.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail', post_hook="{{ announce_full_rebuild() }}") }}

{%- set seal = earlier_relation('build_seal') if is_incremental() %}
{%- set is_built = earlier_relation('int_case__assembled') is not none %}

with

run as (
    select
        stamp.as_of,
        (select max(numbered.build_number) from {{ ref('build_inputs') }} as numbered) as build_number
    from {{ ref('stg_events__as_of') }} as stamp
),

last_log as (
    {%- if is_incremental() %}
    select * from {{ this }}
    where build_number = (select max(earlier.build_number) from {{ this }} as earlier)
    {%- else %}
    select
        cast(null as {{ dbt.type_bigint() }}) as build_number,
        cast(null as timestamp) as as_of,
        cast(null as boolean) as is_full_rebuild
    {%- endif %}
),

last_complete as (
    {%- if seal %}
    select
        max(sealed.build_number) as build_number,
        max(case when sealed.build_number = (select max(latest.build_number) from {{ seal }} as latest) then sealed.as_of end) as as_of
    from {{ seal }} as sealed
    {%- else %}
    select
        cast(null as {{ dbt.type_bigint() }}) as build_number,
        cast(null as timestamp) as as_of
    {%- endif %}
),

inputs as (
    select * from {{ ref('build_inputs') }}
),

-- Each is enough to rebuild everything. Rows that differ are no first reason: another var or text may read them otherwise.
reasons as (
    select
        '--full-refresh asks for it' as reason,
        0 as place
    where {{ 'true' if flags.FULL_REFRESH else 'false' }}

    union all
    {%- if not replaces_rows() %}

    select
        'the tables are of a format in which no row can be replaced' as reason,
        0 as place
    from last_complete
    where last_complete.build_number is not null

    union all
    {%- endif %}

    select
        {{ "'there is no record of what the build before has read'" if is_built else "''" }} as reason,
        0 as place
    from last_complete
    where last_complete.build_number is null

    union all

    select
        'there is no int_case__assembled' as reason,
        0 as place
    from last_complete
    where last_complete.build_number is not null and {{ 'false' if is_built else 'true' }}

    union all

    select
        'as_of is earlier than that of the build before, or one of them has none' as reason,
        1 as place
    from last_complete
    cross join run
    where last_complete.build_number is not null and not coalesce(last_complete.as_of <= run.as_of, false)

    union all

    select
        'models were built without build_log, which says what is new' as reason,
        1 as place
    from inputs
    cross join last_complete
    where inputs.kind = 'part' and inputs.build_number >= last_complete.build_number

    union all

    select
        'the ' || inputs.kind || ' ' || inputs.name || ' has changed' as reason,
        1 as place
    from inputs
    inner join run on inputs.build_number = run.build_number
    inner join last_complete on last_complete.build_number is not null
    left join inputs as last_inputs
        on
            last_complete.build_number = last_inputs.build_number
            and inputs.kind = last_inputs.kind
            and inputs.name = last_inputs.name
    where inputs.kind not in ('start', 'part') and inputs.content is distinct from last_inputs.content

    union all

    select
        'the build before was of a later moment or rebuilt everything, and did not finish' as reason,
        2 as place
    from last_log
    cross join last_complete
    cross join run
    where
        last_log.build_number > last_complete.build_number
        and (last_log.is_full_rebuild or not coalesce(last_log.as_of <= run.as_of, false))

    union all

    select
        source_table || ': ' || cast(last_row_count as {{ dbt.type_string() }}) || ' rows were read up to '
        || cast(last_loaded_until as {{ dbt.type_string() }}) || ', and '
        || case
            when last_row_count_now = last_row_count then 'some of them have changed'
            else cast(last_row_count_now as {{ dbt.type_string() }}) || ' are there now'
        end as reason,
        2 as place
    from {{ ref('build_reads') }}
    where
        build_number = (select run.build_number from run)
        and (last_row_count_now <> last_row_count or last_rows_hash_now <> last_rows_hash)
)

select
    run.build_number,
    run.as_of,
    last_log.build_number as last_number,
    last_complete.build_number as last_complete_number,
    (select count(*) from reasons) > 0 as is_full_rebuild,
    (
        select nullif(reasons.reason, '')
        from reasons
        order by reasons.place, reasons.reason
        limit 1
    ) as reason
from run
left join last_log on true
cross join last_complete
{%- if flags.EMPTY %}
where false
{%- endif %}
