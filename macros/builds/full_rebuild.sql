{% macro should_full_refresh() %}
    {#-
        Whether a model's table is replaced, and with it what dbt's is_incremental() says of it: as dbt decides, and for every incremental model
        also where this build rebuilds everything. What was published (full_refresh: false) is always kept. Returns: boolean.
    -#}
    {% set configured = config.get('full_refresh') %}
    {% if configured is not none %}
        {{ return(configured) }}
    {% endif %}
    {{ return(flags.FULL_REFRESH or (config.get('materialized') == 'incremental' and is_full_rebuild())) }}
{% endmacro %}


{% macro is_full_rebuild() %}
    {#- What build_log decided for the build that runs, or decided last: a boolean. The one place that asks it. True while there is no log. -#}
    {% set log = earlier_relation('build_log') %}
    {% if flags.EMPTY or log is none %}
        {{ return(true) }}
    {% endif %}
    {% set decided = run_query('select is_full_rebuild from ' ~ log ~ ' order by build_number desc limit 1') %}
    {{ return(decided.rows | length == 0 or decided.rows[0][0]) }}
{% endmacro %}


{% macro is_grown(node) %}
    {#-
        Whether a model of closed_loop is one that builds grow and a full rebuild replaces; what was published is kept by both. node: a
        node of dbt's graph. Returns: boolean.
    -#}
    {{ return(node.package_name == 'closed_loop' and node.config.materialized == 'incremental' and node.config.full_refresh is none) }}
{% endmacro %}


{% macro earlier_relation(name) %}
    {#-
        A model as the last build left it, without a ref, because this build writes it later. Returns: a relation, none where there is
        none, or at parse time. name: a model.
    -#}
    {% if not execute %}
        {{ return(none) }}
    {% endif %}
    {% set node = graph.nodes['model.closed_loop.' ~ name] %}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{% endmacro %}


{% macro is_whole_build(unique_id) %}
    {#-
        Whether this build makes a model and everything that it comes after: otherwise it must not say that all is done. Returns: boolean.
        unique_id: the model's, as in dbt's graph.
    -#}
    {% set needed = [unique_id] %}
    {% for name in needed %}
        {#- The list grows while it is walked. -#}
        {% for parent in graph.nodes[name].depends_on.nodes if parent in graph.nodes and parent.startswith('model.') and parent not in needed %}
            {% do needed.append(parent) %}
        {% endfor %}
    {% endfor %}
    {{ return(needed | reject('in', selected_resources) | list | length == 0) }}
{% endmacro %}
