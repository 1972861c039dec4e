-- Grain: one row, this build: whether it rebuilds only what new events touch, or everything, and why.
{{ config(materialized='table', post_hook="{{ announce_plan() }}") }}

{%- set completed = left_by_last_build('int_run__completed') %}
{%- set begun = left_by_last_build('int_run__planned') %}
-- depends_on: {{ ref('int_run__described') }}
{%- for table in event_contract() %}
-- depends_on: {{ raw_relation('events', table, own_relation('events', table)) }}
{%- endfor %}
{%- set goes_on = completed is not none and begun is not none and can_rebuild_in_part() %}

with

run as (
    select as_of from {{ ref('stg_events__as_of') }}
),

-- Each is enough to rebuild everything.
reasons as (
    {%- if not goes_on %}
    select '' as reason
    {%- elif flags.FULL_REFRESH %}
    select '--full-refresh asks for it' as reason
    {%- elif absent_models() %}
    select 'there is no {{ absent_models() | join(", ") }}' as reason
    {%- else %}
    select 'the build before was of a later moment or rebuilt everything, and did not finish' as reason
    from {{ begun }} as begun
    cross join run
    where
        begun.plan_number not in (select completed.plan_number from {{ completed }} as completed)
        and (not begun.is_increment or begun.as_of > run.as_of)

    union all

    select 'as_of is earlier than that of the build before, or one of them has none' as reason
    from {{ completed }} as completed
    cross join run
    where completed.kind = 'run' and not coalesce(completed.watermark <= run.as_of, false)

    union all

    select 'the ' || described.kind || ' ' || described.name || ' has changed' as reason
    from {{ ref('int_run__described') }} as described
    left join {{ completed }} as completed on described.kind = completed.kind and described.name = completed.name
    where described.content is distinct from completed.content

    {%- for table in event_contract() %}

    union all

    select '{{ table }} has ' || found.row_count || ' rows with a loaded_at that the build before has passed; it found ' || completed.content as reason
    from (
        select cast(count(*) as {{ dbt.type_string() }}) as row_count
        from ({{ raw_rows('events', table) | indent(8) }}) as raw_rows
        where loaded_at <= {{ watermark(table) }}
    ) as found
    inner join {{ completed }} as completed on completed.kind = 'event table' and completed.name = '{{ table }}'
    where found.row_count <> completed.content
    {%- endfor %}
    {%- endif %}
)

select
    {{ "(select max(begun.plan_number) + 1 from " ~ begun ~ " as begun)" if goes_on else 1 }} as plan_number,
    run.as_of,
    {%- if goes_on %}
    (select max(completed.watermark) from {{ completed }} as completed where completed.kind = 'run') as last_as_of,
    {%- else %}
    cast(null as timestamp) as last_as_of,
    {%- endif %}
    not exists (select 1 from reasons) as is_increment,
    (select nullif(min(reasons.reason), '') from reasons) as reason
from run
