{% macro unlike_built() %}
    {#-
        The tables and views of the project that aren't there, or aren't what a build makes. Returns: dict of name -> problem; only build_seal where no
        build was ever completed.
    -#}
    {% set found = {} %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.package_name == 'closed_loop' %}
        {% set relation = adapter.get_relation(node.database, node.schema, node.alias) %}
        {% set made = 'view' if node.config.materialized == 'view' else 'table' %}
        {% if relation is none %}
            {% do found.update({node.name: 'is gone'}) %}
        {% elif relation.type != made %}
            {% do found.update({node.name: 'is a ' ~ relation.type ~ '; a build makes it a ' ~ made}) %}
        {% endif %}
    {% endfor %}
    {{ return({'build_seal': 'is not there: no build was ever completed in this database'} if found.build_seal else found) }}
{% endmacro %}


{% macro unlike_built_rows(unlike) -%}
    {#- What unlike_built() found, as a query: thing and problem. unlike: dict of name -> problem, not empty. -#}
    {%- for name, problem in unlike.items() %}
    select
        '{{ name }}' as thing,
        '{{ problem }}' as problem
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro broken_seals() %}
    {#- What is not as the last complete build left it, as a query: thing, a table or a build, and problem. Only where all tables are there. -#}
    with entries as ({{ seal_entries(ref('build_seal')) }}),

    chain as (
        select
            entries.build_number,
            lag(entries.build_number) over (order by entries.build_number) as previous_number,
            lag(entries.entry_hash) over (order by entries.build_number) as previous_hash
        from entries
    ),

    builds as (
        select
            (select max(build_number) from {{ ref('build_inputs') }} where kind = 'start') as started_number,
            (select max(entries.build_number) from entries) as sealed_number,
            (select run.as_of from {{ ref('stg_events__as_of') }} as run) as as_of
    ),

    sealed as (
        select
            seal.*,
            builds.as_of as as_of_now,
            count(*) over (partition by seal.model_name) as entry_count
        from {{ ref('build_seal') }} as seal
        inner join builds on seal.build_number = builds.sealed_number
    ),

    contents as ({{ sealed_contents() }})

    select
        'build_seal' as thing,
        'holds no complete build' as problem
    from builds
    where sealed_number is null

    union all

    select
        'build ' || cast(started_number as {{ dbt.type_string() }}) as thing,
        'was started and did not finish; the last complete build is ' || cast(sealed_number as {{ dbt.type_string() }}) as problem
    from builds
    where started_number > sealed_number

    union all

    select
        'build_inputs' as thing,
        'lost a row: build ' || cast(sealed_number as {{ dbt.type_string() }}) || ' is complete and was never started' as problem
    from builds
    where not coalesce(started_number >= sealed_number, sealed_number is null)

    union all

    select distinct
        'build_seal' as thing,
        'what it held of build ' || coalesce(cast(chain.previous_number as {{ dbt.type_string() }}), 'no. 1')
        || ' was changed or removed' as problem
    from {{ ref('build_seal') }} as seal
    inner join chain on seal.build_number = chain.build_number
    where seal.previous_hash is distinct from chain.previous_hash

    union all

    select distinct
        'build_seal' as thing,
        'was written by ' || engine || ', and this is ' || {{ engine_version() }} || ': build again, so that hashes compare' as problem
    from sealed
    where engine <> {{ engine_version() }}

    union all

    select distinct
        'stg_events__as_of' as thing,
        'says another moment than the last complete build was computed for' as problem
    from sealed
    where as_of is distinct from as_of_now

    union all

    select
        coalesce(contents.model_name, sealed.model_name) as thing,
        case
            when sealed.model_name is null then 'was not there when the last build completed'
            when contents.model_name is null then 'was sealed, and the project has no such table'
            when sealed.entry_count > 1 then 'was sealed more than once'
            when sealed.row_count <> contents.row_count
                then
                    'has ' || cast(contents.row_count as {{ dbt.type_string() }}) || ' rows; the last complete build left '
                    || cast(sealed.row_count as {{ dbt.type_string() }})
            else 'has as many rows as the last complete build left, but others'
        end as problem
    from contents
    full outer join sealed on contents.model_name = sealed.model_name
    where
        coalesce(sealed.engine = {{ engine_version() }}, true)
        and (
            sealed.row_count is distinct from contents.row_count
            or sealed.content_hash is distinct from contents.content_hash
            or sealed.entry_count > 1
        )
{% endmacro %}


{% macro nothing_accepted() %}
    {#- A row where events were read and no case came of them. -#}
    select
        'fct_case_journey' as thing,
        'has no case' as problem,
        sum(raw_rows) as raw_rows,
        sum(quarantined_rows) as quarantined_rows
    from {{ ref('rpt_row_reconciliation') }}
    where not exists (select 1 from {{ ref('fct_case_journey') }})
    having sum(raw_rows) > 0
{% endmacro %}
