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
        A text that changes with the text of any model or seed of closed_loop, of any macro that one of them uses, or of a macro with which a project
        that uses it as a package replaces one (adapter.dispatch looks there first). Returns: string.
    -#}
    {% set texts, macros = [], [] %}
    {% for node in graph.nodes.values() if node.package_name == 'closed_loop' and node.resource_type in ['model', 'seed'] %}
        {% do texts.append(node.unique_id ~ node.checksum.checksum) %}
        {% do macros.extend(node.depends_on.macros | reject('in', macros)) %}
    {% endfor %}
    {% for unique_id in macros if unique_id.startswith('macro.closed_loop.') %}
        {#- The list grows while it is walked. -#}
        {% set macro = context['closed_loop'][unique_id.split('.') | last].macro %}
        {% do texts.append(unique_id ~ macro.macro_sql) %}
        {% do macros.extend(macro.depends_on.macros | reject('in', macros)) %}
    {% endfor %}
    {% for name, callable in context.get(project_name, {}).items() if name.split('__') | last in context['closed_loop'] %}
        {% do texts.append(project_name ~ name ~ callable.macro.macro_sql) %}
    {% endfor %}
    {{ return(local_md5(texts | sort | join)) }}
{% endmacro %}


{% macro content_hash(relation, columns) -%}
    {#- A hash of a small table's rows in any order, as a query of one row: text, NULL for no row. relation: a from-item. columns: list of names. -#}
    {%- set line -%}
        {%- for column in columns -%}
        coalesce({{ dbt.hash(column) }}, '-') || '|'{{ ' || ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    select {{ dbt.hash(sorted_texts('lines.line')) }}
    from (select {{ dbt.hash(line) }} as line from {{ relation }}) as lines
{%- endmacro %}
