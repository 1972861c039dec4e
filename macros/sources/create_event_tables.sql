{% macro create_event_tables() %}
    {#-
        Creates the event tables that the schema of events_schema doesn't have yet, without rows: `dbt run-operation create_event_tables`. What is there
        stays as it is. Raises where the var names no schema.
    -#}
    {% set schema = var('events_schema') %}
    {% if not is_schema_name(schema) %}
        {% do exceptions.raise_compiler_error("create_event_tables needs the var events_schema, the name of a schema without quotes, backslashes and control characters.") %}
    {% endif %}
    {% do adapter.create_schema(api.Relation.create(database=target.database, schema=schema)) %}
    {% for table, columns in event_contract().items() %}
        {% set typed = [] %}
        {% for column, spec in columns.items() %}
            {% do typed.append(column ~ ' ' ~ sql_type(column_type(spec).name)) %}
        {% endfor %}
        {% call statement('create_event_table', auto_begin=true) %}
            create table if not exists {{ api.Relation.create(database=target.database, schema=schema, identifier=table) }} ({{ typed | join(', ') }})
        {% endcall %}
    {% endfor %}
    {% do adapter.commit() %}
{% endmacro %}
