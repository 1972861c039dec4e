-- Grain: one row per build and thing that its figures depend on (a var, a reference table, the project's text), and per note of a build.
-- Kept for good, and written before an event is judged.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

with

this_build as (
    {%- if is_incremental() %}
    -- A whole build was numbered before its input was checked.
    select
        case
            when
                coalesce(max(case when kind = 'start' then build_number end), 0)
                > coalesce(max(case when kind = 'var' then build_number end), 0)
                then max(case when kind = 'start' then build_number end)
            else coalesce(max(build_number), 0) + 1
        end as build_number
    from {{ this }}
    {%- else %}
    select 1 as build_number
    {%- endif %}
),

inputs as (
    {%- for name in figure_vars() %}
    select
        'var' as kind,
        '{{ name }}' as name,
        {{ text_literal(var(name) | string) }} as content
    union all
    {%- endfor %}
    -- Equal under the same key, and no way back to it.
    select
        'var' as kind,
        'pii (its key)' as name,
        {{ keyed_hash("'closed_loop'", pii_key()) if var('pii') == 'hashed' else "'none'" }} as content
    union all
    {%- for table, columns in reference_contract().items() %}
    select
        'reference table' as kind,
        '{{ table }}' as name,
        ({{ content_hash('(' ~ raw_rows('reference', table) ~ ') as raw_rows', columns) | indent(8) }}) as content
    union all
    {%- endfor %}
    -- Hashes compare on the same version of the same engine.
    select
        'engine' as kind,
        'version' as name,
        {{ engine_version() }} as content
    union all
    select
        'project' as kind,
        'text' as name,
        '{{ project_fingerprint() if execute }}' as content
)

select
    cast(this_build.build_number as {{ dbt.type_bigint() }}) as build_number,
    inputs.kind,
    inputs.name,
    inputs.content
from inputs
cross join this_build

union all

-- A first build numbers itself.
select
    cast(build_number as {{ dbt.type_bigint() }}) as build_number,
    'start' as kind,
    'build' as name,
    cast(null as {{ dbt.type_string() }}) as content
from this_build
{%- if is_incremental() %}
where not exists (select 1 from {{ this }})
{%- endif %}
{%- if flags.EMPTY %}
limit 0
{%- endif %}
