-- Grain: one row, this build: whether it rebuilds only what new events touch, or everything, and why.
{{ config(materialized='table', post_hook="{{ announce_plan() }}") }}

{%- set completed = left_by_last_build('int_run__completed') %}
{%- set begun = left_by_last_build('int_run__planned') %}
-- depends_on: {{ ref('int_run__described') }}
{%- for table in event_contract() %}
-- depends_on: {{ raw_relation('events', table, own_relation('events', table)) }}
{%- endfor %}
{%- set goes_on = completed is not none and begun is not none %}
{%- set is_lost = not goes_on and left_by_last_build('fct_case_journey') is not none %}

with

run as (
    select as_of from {{ ref('stg_events__as_of') }}
),

earlier as (
    select 0 as plan_number
    {%- for relation in [begun, completed] if relation is not none %}
    union all
    select plan_number from {{ relation }}
    {%- endfor %}
),

-- Each is enough to rebuild everything. Rows that differ are no first reason: another var or text may read them otherwise.
reasons as (
    {%- if is_lost %}
    select
        'nothing tells what the build before has read' as reason,
        1 as place
    {%- elif not goes_on %}
    select
        '' as reason,
        1 as place
    {%- elif flags.FULL_REFRESH %}
    select
        '--full-refresh asks for it' as reason,
        1 as place
    {%- elif absent_models() %}
    select
        'there is no {{ absent_models() | join(", ") }}' as reason,
        1 as place
    {%- else %}
    select
        'the build before was of a later moment or rebuilt everything, and did not finish' as reason,
        2 as place
    from {{ begun }} as begun
    cross join run
    where
        begun.plan_number not in (select completed.plan_number from {{ completed }} as completed)
        and (not begun.is_increment or begun.as_of > run.as_of)

    union all

    select
        'as_of is earlier than that of the build before, or one of them has none' as reason,
        1 as place
    from {{ completed }} as completed
    cross join run
    where completed.kind = 'run' and not coalesce(completed.watermark <= run.as_of, false)

    union all

    select
        'models were built without int_run__planned, which says what is new' as reason,
        1 as place
    from {{ completed }} as completed
    where completed.kind = 'part'

    union all

    select
        'the ' || described.kind || ' ' || described.name || ' has changed' as reason,
        1 as place
    from {{ ref('int_run__described') }} as described
    left join {{ completed }} as completed on described.kind = completed.kind and described.name = completed.name
    where described.content is distinct from completed.content

    {%- for table, columns in event_contract().items() %}
    {%- set base = left_by_last_build('base_events__' ~ table) %}

    union all

    -- Up to what was read last, also by a build that didn't finish, the rows have to be those that were read.
    select
        '{{ table }}: ' || cast(read.row_count as {{ dbt.type_string() }}) || ' rows were read up to '
        || cast(read.last_loaded_at as {{ dbt.type_string() }}) || ', and '
        || case
            when found.row_count = read.row_count then 'some of them have changed'
            else cast(found.row_count as {{ dbt.type_string() }}) || ' are there now'
        end as reason,
        2 as place
    from (
        select
            count(*) as row_count,
            {{ rows_hash('raw_rows') }} as rows_hash
        from ({{ raw_rows('events', table) | indent(8) }}) as raw_rows
        where raw_rows.loaded_at <= (select max(base.loaded_at) from {{ base }} as base)
    ) as found
    cross join (
        select
            max(base_rows.loaded_at) as last_loaded_at,
            count(*) as row_count,
            {{ rows_hash('base_rows') }} as rows_hash
        from (
            select {{ columns | join(', ') }}
            from {{ base }}
            where loaded_at is not null
        ) as base_rows
    ) as read
    where found.row_count <> read.row_count or found.rows_hash <> read.rows_hash
    {%- endfor %}
    {%- endif %}
)

select
    (select max(earlier.plan_number) + 1 from earlier) as plan_number,
    run.as_of,
    {%- if goes_on %}
    (select max(completed.watermark) from {{ completed }} as completed where completed.kind = 'run') as last_as_of,
    {%- else %}
    cast(null as timestamp) as last_as_of,
    {%- endif %}
    not exists (select 1 from reasons) as is_increment,
    (
        select nullif(reasons.reason, '')
        from reasons
        order by reasons.place, reasons.reason
        limit 1
    ) as reason
from run
