{% macro check_command() %}
    {#-
        Runs before anything is built: raises where the command can't do on this database what it is asked for, and says which one can.
        Returns an empty string.
    -#}
    {% if not execute or flags.WHICH not in ['run', 'build', 'test'] %}
        {{ return('') }}
    {% endif %}
    {% if flags.EMPTY and is_built() %}
        {% do exceptions.raise_compiler_error(
            "--empty would replace the tables of this database by empty ones. Nothing was built: give the build without rows a database of its own, or schemas of its own with the var schema_prefix."
        ) %}
    {% endif %}
    {% set published = graph.nodes['model.closed_loop.kpi_first_published'] %}
    {% set earlier = adapter.get_relation(published.database, published.schema, 'int_kpi__published') %}
    {% if earlier is not none and adapter.get_relation(published.database, published.schema, published.alias) is none %}
        {% do exceptions.raise_compiler_error(
            "the published figures of this database are in " ~ earlier ~ ", as an earlier version called them. Nothing was built: alter table "
            ~ earlier ~ " rename to " ~ published.alias ~ "; then build."
        ) %}
    {% endif %}
    {% set foreign = foreign_parents() %}
    {% if foreign %}
        {% do exceptions.raise_compiler_error(
            "closed_loop would read what another project calls by a name of its own: " ~ foreign | join(', ')
            ~ ". Nothing was built: write `flags: {require_ref_searches_node_package_before_root: true}` in the dbt_project.yml of " ~ project_name ~ ", or rename it there."
        ) %}
    {% endif %}
    {% set absent = absent_parents() %}
    {% if absent %}
        {% do exceptions.raise_compiler_error(
            "dbt " ~ flags.WHICH ~ " reads tables that are not there, and does not make them: " ~ absent[:3] | join(', ')
            ~ (' and ' ~ (absent | length - 3) ~ ' more' if absent | length > 3)
            ~ ". Nothing was built: run dbt build without a selection, which makes everything in its order, or first what makes them (dbt seed, then dbt run)."
        ) %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro is_built() %}
    {#- Whether a build of this database has come to its end, so that its tables hold figures. Returns: boolean. -#}
    {% set seal = earlier_relation('build_seal') %}
    {{ return(seal is not none and run_query('select count(*) from ' ~ seal).columns[0].values()[0] > 0) }}
{% endmacro %}


{% macro foreign_parents() %}
    {#-
        The seeds, models and snapshots of other projects that closed_loop reads in place of its own, because dbt looks for a name in the project
        that runs before it looks in the package. Returns: list of dbt's unique ids.
    -#}
    {% set parents = [] %}
    {% for node in graph.nodes.values() if node.package_name == 'closed_loop' and project_name != 'closed_loop' %}
        {% do parents.extend(node.depends_on.nodes) %}
    {% endfor %}
    {% set foreign = [] %}
    {% for name in set(parents) if name in graph.nodes and graph.nodes[name].package_name != 'closed_loop' %}
        {% do foreign.append(name) %}
    {% endfor %}
    {{ return(foreign | sort) }}
{% endmacro %}


{% macro absent_parents() %}
    {#-
        The seeds and models that selected nodes of closed_loop read, and that neither exist nor are selected. A reference table that the user
        brings is read in place of its seed. Where dbt may read those of another environment (--defer), none is looked for. Returns: list
        of schema.table.
    -#}
    {% set absent = [] %}
    {% set selected = set(selected_resources) %}
    {% set parents = [] %}
    {% for name in selected_resources if not invocation_args_dict.defer %}
        {#- A unit test is no node of the graph; it asks for the columns of what its model reads. -#}
        {% set reader = 'model.closed_loop.' ~ name.split('.')[2] if name.startswith('unit_test.') else name %}
        {% set node = graph.nodes.get(reader, {}) %}
        {% do parents.extend(node.depends_on.nodes if node.package_name == 'closed_loop' else []) %}
    {% endfor %}
    {% for name in set(parents) - selected if name in graph.nodes %}
        {% set node = graph.nodes[name] %}
        {% set is_replaced = node.resource_type == 'seed' and own_relation('reference', node.name) is not none %}
        {% if not is_replaced and adapter.get_relation(node.database, node.schema, node.alias) is none %}
            {% do absent.append(node.schema ~ '.' ~ node.alias) %}
        {% endif %}
    {% endfor %}
    {{ return(absent | sort) }}
{% endmacro %}
