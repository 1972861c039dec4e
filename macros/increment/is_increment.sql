{% macro is_increment() %}
    {#-
        Whether this build rebuilds only what its new events touch: a boolean, as int_run__planned decided for the whole build. The one
        place that decides it for a model; false while dbt parses, in unit tests and with --empty. Raises where a model alone can't do what it is asked for.
    -#}
    {#- A unit test has only the inputs that it names. -#}
    {% if model.resource_type == 'unit_test' %}
        {{ return(false) }}
    {% endif %}
    {% set planned = ref('int_run__planned') %}
    {% if not execute or flags.EMPTY or load_relation(planned) is none %}
        {{ return(false) }}
    {% endif %}
    {% set is_increment = run_query('select is_increment from ' ~ planned).columns[0].values()[0] %}
    {% if is_increment and is_grown(model) and (flags.FULL_REFRESH or is_absent(model)) %}
        {% do exceptions.raise_compiler_error(
            model.name ~ " can't be rebuilt whole on its own: the steps before it hold only what the last build touched. Build it with its parents: --full-refresh --select +" ~ model.name
        ) %}
    {% endif %}
    {{ return(is_increment) }}
{% endmacro %}


{% macro is_grown(node) %}
    {#-
        Whether a model of closed_loop is one that builds grow and a full rebuild replaces; what was published is kept by both. node: a
        node of dbt's graph. Returns: boolean.
    -#}
    {{ return(node.package_name == 'closed_loop' and node.config.materialized == 'incremental' and node.config.full_refresh is none) }}
{% endmacro %}


{% macro is_absent(node) %}
    {#- Whether a model is one that builds grow, and has no table to grow. node: a node of dbt's graph. Returns: boolean. -#}
    {% set found = adapter.get_relation(node.database, node.schema, node.alias) if is_grown(node) else none %}
    {{ return(is_grown(node) and (found is none or found.type != 'table')) }}
{% endmacro %}


{% macro should_full_refresh() %}
    {#-
        Whether a model's table is replaced: dbt asks for every seed and incremental model. As dbt itself decides, and also where the
        build isn't an increment. Returns: boolean.
    -#}
    {% set configured = config.get('full_refresh') %}
    {% if configured is not none %}
        {{ return(configured) }}
    {% endif %}
    {{ return(flags.FULL_REFRESH or (config.get('materialized') == 'incremental' and not is_increment())) }}
{% endmacro %}


{% macro is_touched(case_id='case_id') -%}
    {#-
        The condition that a row belongs to a case that this build rebuilds; true for all of them where it isn't an increment.
        case_id: SQL expression of type text.
    -#}
    {#- Before a case is rebuilt, the weeks that it stood in are noted. -#}
    {%- if not execute and model.resource_type != 'unit_test' -%}
        {%- do ref('int_week__left') -%}
    {%- endif -%}
    {%- set increment = is_increment() -%}
    {%- if increment or not execute -%}
        {{ case_id }} in (select touched.case_id from {{ ref('int_case__touched') }} as touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro is_new(table, loaded_at='loaded_at') -%}
    {#-
        The condition that a row of an event table was loaded after the last complete build read the table, or has no time of
        loading; true where this build isn't an increment. table: an event table. loaded_at: SQL expression of type timestamp.
    -#}
    {%- if is_increment() -%}
        ({{ loaded_at }} > {{ watermark(table) }} or {{ loaded_at }} is null)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro watermark(table) -%}
    {#- Up to which loaded_at the last complete build read an event table: a timestamp literal. table: an event table. -#}
    {%- set query -%}
        select cast(watermark as {{ dbt.type_string() }})
        from {{ left_by_last_build('int_run__completed') }}
        where kind = 'event table' and name = '{{ table }}'
    {%- endset -%}
    cast('{{ run_query(query).columns[0].values()[0] }}' as timestamp)
{%- endmacro %}


{% macro left_by_last_build(name) %}
    {#-
        A model as the build before left it, without a ref, because this build writes it later. Returns: a relation, none where there is
        none, or at parse time. name: a model.
    -#}
    {% if not execute %}
        {{ return(none) }}
    {% endif %}
    {% set node = graph.nodes['model.closed_loop.' ~ name] %}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{% endmacro %}
