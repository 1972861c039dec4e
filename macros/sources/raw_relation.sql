{% macro raw_relation(kind, table, own) %}
    {#-
        Where a raw table is read from (README, "Your own events"): a from-item, or none for an event table without a file.
        A reference table that the user doesn't bring comes from the seeds.
        kind: 'events' or 'reference'. table: a table of that kind's contract. own: its own_relation().
    -#}
    {% set missing = graph.get('closed_loop_missing_' ~ kind) if execute else none %}
    {% if own is none and missing is not none and table not in missing %}
        {% do exceptions.raise_compiler_error(
            kind ~ "_path: the file of " ~ table ~ " vanished during the build. Put it back, and build again when nothing replaces files in " ~ var(kind ~ '_path') ~ "."
        ) %}
    {% endif %}
    {% if kind == 'events' and var('events_schema') %}
        {{ return(source('events', table)) }}
    {% elif own is none and (kind == 'reference' or not brings_own(kind)) %}
        {{ return(ref(table)) }}
    {% endif %}
    {{ return(own) }}
{% endmacro %}


{% macro own_relation(kind, table) %}
    {#-
        The raw table that the user brings, as a from-item; none where there is none, or at parse time. Arguments: as
        raw_relation(). Raises where the table stands there twice, or where a schema lacks an event table.
    -#}
    {% if not execute %}
        {{ return(none) }}
    {% elif var(kind ~ '_path') %}
        {{ return(file_relation(kind, var(kind ~ '_path'), table)) }}
    {% elif var(kind ~ '_schema') %}
        {{ return(schema_relation(kind, var(kind ~ '_schema'), table)) }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}


{% macro brings_own(kind) %}
    {#- Whether the user brings tables of this kind ('events' or 'reference'): a boolean. -#}
    {{ return(true if var(kind ~ '_path') or var(kind ~ '_schema') else false) }}
{% endmacro %}


{% macro file_relation(kind, path, table) %}
    {#- The reader of a raw table's file: a from-item, or none where there is no file. Arguments, errors: as raw_file(). -#}
    {% set file = raw_file(kind, path, table) %}
    {% if file is none %}
        {{ return(none) }}
    {% endif %}
    {% set literal = dbt.string_literal(dbt.escape_single_quotes(file)) %}
    {% if file.endswith('.csv') %}
        {#- skip and comment are set because DuckDB would otherwise guess them, and leave out lines without a word. -#}
        {{ return("read_csv(" ~ literal ~ ", header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', skip = 0, comment = '')") }}
    {% endif %}
    {{ return("read_parquet(" ~ literal ~ ", union_by_name = true, hive_partitioning = false)") }}
{% endmacro %}


{% macro raw_file(kind, path, table) %}
    {#-
        A raw table's file below a folder or bucket URL: <table>.parquet, <table>/**/*.parquet or <table>.csv. Returns: the
        path, which may match several parts, or none where there is no file. Raises where there is more than one form.
    -#}
    {#- What stands in the path is no pattern. -#}
    {% set stem = path.rstrip('/') | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') ~ '/' ~ table %}
    {% set forms = [stem ~ '.parquet', stem ~ '/**/*.parquet', stem ~ '.csv'] %}
    {% set query %}
        {% for form in forms %}
        (select {{ loop.index0 }} as form_index from glob({{ dbt.string_literal(dbt.escape_single_quotes(form)) }}) limit 1)
        {{ 'union all' if not loop.last }}
        {% endfor %}
        order by form_index
    {% endset %}
    {% set found = [] %}
    {% for row in run_query(query) %}
        {% do found.append(forms[row[0] | int]) %}
    {% endfor %}
    {% if found | length > 1 %}
        {% do exceptions.raise_compiler_error(
            kind ~ "_path holds the table " ~ table ~ " more than once: " ~ found | join(' and ') ~ ". Keep one of them, so that no row is counted twice or left out."
        ) %}
    {% endif %}
    {{ return(found | first if found else none) }}
{% endmacro %}


{% macro schema_relation(kind, schema, table) %}
    {#- The relation of a raw table in a schema of the target database, or none where it is not there. -#}
    {% if not is_schema_name(schema) %}
        {% do exceptions.raise_compiler_error(kind ~ "_schema '" ~ schema ~ "' is no schema's name that can be used. Name one without quotes, backslashes and control characters.") %}
    {% endif %}
    {% set found = adapter.get_relation(database=target.database, schema=schema, identifier=table) %}
    {% if found is none and kind == 'events' %}
        {% do exceptions.raise_compiler_error(
            "events_schema: the schema " ~ schema ~ " has no table " ~ table ~ ". Load it (it may be empty) or name another schema."
        ) %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}
