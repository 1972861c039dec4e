{% macro figure_vars() %}
    {#- The vars that every figure may depend on: all but as_of, which is meant to move. Returns: list of names. -#}
    {{ return([
        'reporting_timezone', 'reporting_currency', 'quiet_hours_start', 'quiet_hours_end', 'history_start', 'clock_skew_minutes',
        'writeback_timeout_minutes', 'settling_hours', 'min_sample', 'baseline_weeks',
        'events_path', 'events_schema', 'reference_path', 'reference_schema',
    ]) }}
{% endmacro %}


{% macro project_fingerprint() %}
    {#- A text that changes with the text of any model, macro or seed of the project. Returns: string. -#}
    {% set texts = [] %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'seed'] %}
        {% do texts.append(node.unique_id ~ node.checksum.checksum) %}
    {% endfor %}
    {% for name, callable in context[project_name].items() %}
        {% do texts.append(name ~ callable.macro.macro_sql) %}
    {% endfor %}
    {{ return(local_md5(texts | sort | join)) }}
{% endmacro %}


{% macro content_hash(relation, columns) -%}
    {#- A hash of a small table's rows in any order, as a query of one row: text, NULL for no row. relation: a relation. columns: list of names. -#}
    {%- set line -%}
        {%- for column in columns -%}
        coalesce('=' || cast({{ column }} as {{ dbt.type_string() }}), '-') || '|'{{ ' || ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    select {{ dbt.hash(dbt.listagg('lines.line', "''", 'order by lines.line')) }}
    from (select {{ dbt.hash(line) }} as line from {{ relation }}) as lines
{%- endmacro %}


{% macro can_rebuild_in_part() %}
    {#- Whether the engine can delete single rows of a table, which an increment needs. Returns: boolean. -#}
    {{ return(adapter.dispatch('can_rebuild_in_part', 'closed_loop')()) }}
{% endmacro %}

{% macro default__can_rebuild_in_part() %}
    {{ return(true) }}
{% endmacro %}

{% macro spark__can_rebuild_in_part() %}
    {{ return(false) }}
{% endmacro %}


{% macro note_absent_models() %}
    {#-
        Runs before anything is built, because a build takes views away itself until it has come to them: PostgreSQL drops a view together
        with the table under it. Notes the models that a build goes on from and that aren't there. Returns an empty string.
    -#}
    {% if execute %}
        {% set absent = [] %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' and is_absent(node) %}
            {% do absent.append(node.name) %}
        {% endfor %}
        {#- dbt keeps `graph` for the whole run. -#}
        {% do graph.update({'closed_loop_absent_models': absent | sort}) %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro absent_models() %}
    {#- The models that note_absent_models() noted. Returns: list of names. -#}
    {{ return(graph.get('closed_loop_absent_models', [])) }}
{% endmacro %}


{% macro is_whole_build() %}
    {#- Whether this build makes everything that this model comes after: otherwise it must not say that all is done. Returns: boolean. -#}
    {% set needed = [model.unique_id] %}
    {% for name in needed %}
        {#- The list grows while it is walked. -#}
        {% for parent in graph.nodes[name].depends_on.nodes if parent in graph.nodes and parent.startswith('model.') and parent not in needed %}
            {% do needed.append(parent) %}
        {% endfor %}
    {% endfor %}
    {{ return(needed | reject('in', selected_resources) | list | length == 0) }}
{% endmacro %}


{% macro announce_plan() %}
    {#- Says why a build that could have been an increment isn't one. Returns an empty string. -#}
    {% if execute %}
        {% set reason = run_query('select reason from ' ~ this).columns[0].values()[0] %}
        {% if reason %}
            {% do log("Full rebuild: " ~ reason ~ ".", info=true) %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}
