{% macro sealed_models() %}
    {#-
        The models that a complete build seals: all of `marts` and `history` but the seal itself, and the tables that views among them read.
        Returns: list of nodes of dbt's graph, by name; empty at parse time.
    -#}
    {% set sealed = [] %}
    {% for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.package_name == 'closed_loop' %}
        {% if node.fqn[1] in ['marts', 'history'] and node.name != 'build_seal' %}
            {% do sealed.append(node) %}
        {% endif %}
    {% endfor %}
    {% set views = sealed | selectattr('config.materialized', 'equalto', 'view') | list %}
    {#- The list grows while it is walked: what a view reads may be a view too. -#}
    {% for node in views %}
        {% for parent in node.depends_on.nodes if parent in graph.nodes %}
            {% set read = graph.nodes[parent] %}
            {% do (views if read.config.materialized == 'view' else sealed).append(read) if read not in views + sealed %}
        {% endfor %}
    {% endfor %}
    {{ return(sealed | sort(attribute='name')) }}
{% endmacro %}


{% macro sealed_contents() -%}
    {#-
        What the sealed models hold now, as a query: model_name, row_count and content_hash. Of a view, whose tables are sealed themselves, the hash is
        that of its definition, and row_count is NULL. Fails where one of them doesn't exist.
    -#}
    {%- for node in sealed_models() %}
    {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) %}
    {%- if node.config.materialized == 'view' %}
    select '{{ node.name }}' as model_name, cast(null as {{ dbt.type_bigint() }}) as row_count,
        coalesce({{ dbt.hash(view_definition(relation)) }}, 'none') as content_hash
    {%- else %}
    select '{{ node.name }}' as model_name, count(*) as row_count, cast({{ rows_hash('sealed') }} as {{ dbt.type_string() }}) as content_hash
    from {{ relation }} as sealed
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro seal_entries(seal) -%}
    {#-
        The chain of the seal, as a query: build_number, and the entry_hash of all that is sealed of that build. The build after it holds that
        hash. Unlike rows_hash() it doesn't depend on the engine, so that an upgrade doesn't break the chain.
        seal: the relation of build_seal.
    -#}
    {%- set line -%}
        {%- for column in ['as_of', 'model_name', 'row_count', 'content_hash', 'engine', 'previous_hash'] -%}
        coalesce({{ dbt.hash(column) }}, '-') || '|'{{ ' || ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    select
        lines.build_number,
        {{ dbt.hash(sorted_texts('lines.line')) }} as entry_hash
    from (
        select
            build_number,
            {{ dbt.hash(line) }} as line
        from {{ seal }}
    ) as lines
    group by lines.build_number
{%- endmacro %}


{% macro mark_view() -%}
    {#- The statement after a view is built that marks it with a hash of its query (view_mark()); empty for a table. -#}
    {%- if execute and config.get('materialized') == 'view' -%}
        {{ view_mark(this, 'closed_loop ' ~ local_md5(model.compiled_code or model.raw_code)) }}
    {%- endif -%}
{%- endmacro %}
