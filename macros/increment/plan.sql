{% macro figure_vars() %}
    {#- The vars that every figure may depend on: all but as_of, which is meant to move. Returns: list of names. -#}
    {{ return([
        'reporting_timezone', 'reporting_currency', 'quiet_hours_start', 'quiet_hours_end', 'history_start', 'clock_skew_minutes',
        'writeback_timeout_minutes', 'settling_hours', 'min_sample', 'baseline_weeks', 'pii',
        'events_path', 'events_schema', 'reference_path', 'reference_schema',
    ]) }}
{% endmacro %}


{% macro project_fingerprint() %}
    {#-
        A text that changes with the text of any model, macro or seed of closed_loop, or of a macro with which a project that uses it as
        a package replaces one (adapter.dispatch looks there first). Returns: string.
    -#}
    {% set texts = [] %}
    {% for node in graph.nodes.values() if node.package_name == 'closed_loop' and node.resource_type in ['model', 'seed'] %}
        {% do texts.append(node.unique_id ~ node.checksum.checksum) %}
    {% endfor %}
    {% for name, callable in context['closed_loop'].items() %}
        {% do texts.append(name ~ callable.macro.macro_sql) %}
    {% endfor %}
    {% for name, callable in context.get(project_name, {}).items() if name.split('__') | last in context['closed_loop'] %}
        {% do texts.append(project_name ~ name ~ callable.macro.macro_sql) %}
    {% endfor %}
    {{ return(local_md5(texts | sort | join)) }}
{% endmacro %}


{% macro content_hash(relation, columns) -%}
    {#- A hash of a small table's rows in any order, as a query of one row: text, NULL for no row. relation: a relation. columns: list of names. -#}
    {%- set line -%}
        {%- for column in columns -%}
        coalesce({{ dbt.hash(column) }}, '-') || '|'{{ ' || ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    select {{ dbt.hash(dbt.listagg('lines.line', "''", 'order by lines.line')) }}
    from (select {{ dbt.hash(line) }} as line from {{ relation }}) as lines
{%- endmacro %}


{% macro absent_models() %}
    {#- The models that builds grow and that have no table to grow. Returns: list of names. -#}
    {% set absent = [] %}
    {% for node in graph.nodes.values() if execute and node.resource_type == 'model' and is_absent(node) %}
        {% do absent.append(node.name) %}
    {% endfor %}
    {{ return(absent | sort) }}
{% endmacro %}


{% macro note_partial_build() %}
    {#-
        Runs before anything is built. Returns SQL, or an empty string: where models that builds grow are selected without the plan that says
        what is new, it notes so in int_run__completed, and the next whole build is a full one.
    -#}
    {% if not execute or flags.WHICH not in ['run', 'build'] %}
        {{ return('') }}
    {% endif %}
    {% set selected = [] %}
    {% for name in selected_resources if name in graph.nodes %}
        {% set node = graph.nodes[name] %}
        {% if is_grown(node) or name in ['model.closed_loop.int_case__touched', 'model.closed_loop.int_week__left'] %}
            {% do selected.append(name) %}
        {% endif %}
    {% endfor %}
    {% set completed = left_by_last_build('int_run__completed') %}
    {% if not selected or 'model.closed_loop.int_run__planned' in selected_resources or completed is none %}
        {{ return('') }}
    {% endif %}
    {% set note %}
        insert into {{ completed }} (plan_number, kind, name)
        select
            plan_number,
            'part' as kind,
            'of the models' as name
        from {{ completed }}
        where kind = 'run' and not exists (select 1 from {{ completed }} where kind = 'part')
    {% endset %}
    {{ return(note) }}
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


{% macro announce_plan() %}
    {#- Says why a build that could have been an increment isn't one. Returns an empty string. -#}
    {% if execute and not flags.EMPTY %}
        {% set reason = run_query('select reason from ' ~ this).columns[0].values()[0] %}
        {% if reason %}
            {% do log("Full rebuild: " ~ reason ~ ".", info=true) %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}
