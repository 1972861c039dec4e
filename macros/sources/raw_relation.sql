{% macro raw_relation(kind, table, own) %}
    {#-
        Where a raw table is read from (docs/your_own_events.md): a from-item, or none for a table that is not given: an event table
        without a file or, with events of one's own, a reference table that may_be_seeded() doesn't name.
        kind: 'events' or 'reference'. table: a table of that kind's contract. own: its own_relation().
    -#}
    {% if kind == 'events' and var('events_schema') %}
        {{ return(source('events', table)) }}
    {% elif own is none and may_be_seeded(kind, table) %}
        {{ return(ref(table)) }}
    {% elif own is not none and var(kind ~ '_path') %}
        {#- A view is read from other folders than dbt's. -#}
        {% set file = raw_files(kind).found[table] %}
        {{ return(file_relation({'name': file.name, 'paths': file.whole_paths})) }}
    {% endif %}
    {{ return(own) }}
{% endmacro %}


{% macro own_relation(kind, table) %}
    {#-
        The raw table that the user brings, as a from-item; none where there is none, or at parse time. Arguments: as
        raw_relation(). Raises where the files can't be used (raw_files()), or where a schema lacks an event table. kind: events or reference.
    -#}
    {% if not execute %}
        {{ return(none) }}
    {% elif var(kind ~ '_path') %}
        {% set files = raw_files(kind) %}
        {% if files.problems %}
            {% do exceptions.raise_compiler_error(files.problems | join('\n  - ')) %}
        {% endif %}
        {{ return(file_relation(files.found[table]) if table in files.found else none) }}
    {% elif var(kind ~ '_schema') %}
        {{ return(schema_relation(kind, var(kind ~ '_schema'), table)) }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}


{% macro may_be_seeded(kind, table) %}
    {#-
        Whether a table that the user doesn't bring comes from the seeds: all of them for the demo, and whatever the events are what belongs to the
        project itself. The demo's other rows judge nobody else's cases. Returns: boolean. kind, table: as in raw_relation().
    -#}
    {{ return(not brings_own('events') or table in ['kpi_catalog', 'manual_steps', 'time_zones']) }}
{% endmacro %}


{% macro brings_own(kind) %}
    {#- Whether the user brings tables of this kind ('events' or 'reference'): a boolean. -#}
    {{ return(true if var(kind ~ '_path') or var(kind ~ '_schema') else false) }}
{% endmacro %}


{% macro file_relation(file) %}
    {#- The reader of a raw table's file or parts, as a from-item. file: an entry of raw_files().found. -#}
    {% if '.csv' in file.name %}
        {#- skip and comment are set because DuckDB would otherwise guess them, and leave out lines without a word. -#}
        {{ return("read_csv(" ~ file.paths ~ ", header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', skip = 0, comment = '')") }}
    {% endif %}
    {{ return("read_parquet([" ~ file.paths ~ "], union_by_name = true, hive_partitioning = false)") }}
{% endmacro %}


{% macro schema_relation(kind, schema, table) %}
    {#- The relation of a raw table in a schema of the target database, or none where it is not there. kind: events or reference. -#}
    {% if not is_schema_name(schema) %}
        {% do exceptions.raise_compiler_error(kind ~ "_schema '" ~ schema ~ "' is no schema's name that can be used. Name one without quotes, backslashes and control characters.") %}
    {% endif %}
    {% set found = adapter.get_relation(database=target.database, schema=schema, identifier=table) %}
    {% if found is none and kind == 'events' %}
        {% set missing = [] %}
        {% for event_table in event_contract() if adapter.get_relation(database=target.database, schema=schema, identifier=event_table) is none %}
            {% do missing.append(event_table) %}
        {% endfor %}
        {% do exceptions.raise_compiler_error(
            "events_schema: the schema " ~ schema ~ " has no table " ~ missing | join(', ') ~ ". Load what you have; "
            ~ "`dbt run-operation create_event_tables` creates the others without rows. Or name another schema."
        ) %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}
