{% macro create_event_tables() %}
    {#-
        Creates the event tables that aren't there yet, without rows: closed_loop looks at all eleven before anything is built, and not every one has a
        vendor. For `dbt run-operation`; tables that are there stay as they are.
    -#}
    {% do adapter.create_schema(api.Relation.create(database=target.database, schema=var('events_schema'))) %}
    {% for table, columns in closed_loop.event_contract().items() %}
        {% set typed = [] %}
        {% for column, spec in columns.items() %}
            {% do typed.append(column ~ ' ' ~ closed_loop.sql_type(closed_loop.column_type(spec).name)) %}
        {% endfor %}
        {% do run_query('create table if not exists ' ~ var('events_schema') ~ '.' ~ table ~ ' (' ~ typed | join(', ') ~ ')') %}
    {% endfor %}
{% endmacro %}
