{% macro check_inputs() %}
    {#-
        Runs before anything is built: the vars, then every raw table that the user brings. Lists all that is wrong in one
        error, each with the way out, and touches nothing. Returns an empty string.
    -#}
    {% if execute and flags.WHICH in ['run', 'build', 'test', 'snapshot', 'seed'] %}
        {% set problems = check_vars() %}
        {% if not problems %}
            {% for kind in ['events', 'reference'] if brings_own(kind) %}
                {% do problems.extend(check_tables(kind)) %}
            {% endfor %}
        {% endif %}
        {% if problems %}
            {% do exceptions.raise_compiler_error("the input can't be used; nothing was built.\n  - " ~ problems | join("\n  - ")) %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro check_tables(kind) %}
    {#- What is wrong with the raw tables of a kind ('events' or 'reference') that the user brings. Returns: list of sentences. -#}
    {% set problems = [] %}
    {% set missing = [] %}
    {% for table in contract(kind) %}
        {% set relation = own_relation(kind, table) %}
        {% if relation is none %}
            {% do missing.append(table) %}
        {% else %}
            {% set found = check_columns(kind, table, relation) %}
            {% if kind == 'reference' and not found %}
                {% do found.extend(reference_problems(table, '(' ~ raw_rows(kind, table) ~ ')')) %}
            {% endif %}
            {% do problems.extend(found) %}
        {% endif %}
    {% endfor %}
    {#- What raw_relation() compares with: a table that was here mustn't be gone when it is read. dbt keeps `graph` for the whole run. -#}
    {% do graph.update({'closed_loop_missing_' ~ kind: missing}) %}
    {% set place = kind ~ '_path' if var(kind ~ '_path') else kind ~ '_schema' %}
    {% if missing | length == contract(kind) | length %}
        {% do problems.append(
            place ~ " '" ~ var(place) ~ "' holds none of the tables " ~ missing | join(', ') ~ ": check that it exists and can be read, and that files are named <table>.parquet, <table>/**/*.parquet or <table>.csv."
        ) %}
    {% elif missing and kind == 'events' %}
        {% do exceptions.warn(place ~ " '" ~ var(place) ~ "' has no file for " ~ missing | join(', ') ~ ": counted as empty.") %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro check_columns(kind, table, relation) %}
    {#- What is wrong with one raw table's columns: missing ones, values that don't fit the type. Returns: list of sentences. -#}
    {% set columns = contract(kind)[table] %}
    {% set found_types = source_types(relation) %}
    {% set problems = [] %}
    {% for column in columns if column not in found_types %}
        {% do problems.append(
            "table " ~ table ~ " lacks the column " ~ column ~ " (" ~ column_type(columns[column]).name ~ "). Add it, with nulls where the contract allows them."
        ) %}
    {% endfor %}
    {% if not problems and var(kind ~ '_path') %}
        {% do problems.extend(check_parts(kind, table, columns)) %}
    {% endif %}
    {% if not problems %}
        {% do problems.extend(adapter.dispatch('check_types', 'closed_loop')(table, relation, columns, found_types)) %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro check_parts(kind, table, columns) %}
    {#- Which parts of a table of several Parquet files lack a column that others have. Returns: list of sentences. -#}
    {% set file = raw_file(kind, var(kind ~ '_path'), table) %}
    {% set problems = [] %}
    {% if '**' in file %}
        {% set query %}
            select
                file_name,
                array_to_string(
                    list_filter(['{{ columns | join("', '") }}'], lambda x: not list_contains(list(lower(name)), x)), ', '
                ) as missing
            from parquet_schema({{ dbt.string_literal(dbt.escape_single_quotes(file)) }})
            group by file_name
            having missing <> ''
            order by file_name
        {% endset %}
        {% for part in run_query(query) %}
            {% do problems.append("table " ~ table ~ ": its part " ~ part[0] ~ " lacks the column(s) " ~ part[1] ~ ". Add them, with nulls where the contract allows them.") %}
        {% endfor %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro default__check_types(table, relation, columns, found_types) %}
    {#- Without a cast that may fail, the declared type has to be of the contract's family. Returns: list of sentences. -#}
    {% set families = {
        'text': ['char', 'text', 'string', 'uuid'], 'timestamp': ['timestamp'], 'date': ['date'], 'boolean': ['bool'],
        'integer': ['int'], 'double': ['double', 'float', 'real', 'numeric', 'decimal', 'int'],
        'money': ['numeric', 'decimal', 'int'],
    } %}
    {% set problems = [] %}
    {% for column, spec in columns.items() %}
        {% set type = column_type(spec).name %}
        {% set fits = [] %}
        {% for name in families[type] if name in found_types[column] %}
            {% do fits.append(name) %}
        {% endfor %}
        {% if not fits %}
            {% do problems.append(
                table ~ "." ~ column ~ " is " ~ found_types[column] ~ ", the contract asks for " ~ type ~ " (" ~ sql_type(type) ~ "). Convert it where it is loaded."
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro duckdb__check_types(table, relation, columns, found_types) %}
    {#-
        A column of another type passes where each of its values says the same in the contract's type: CSV is all text, and
        an empty column has any type. One query per table reads only the columns in doubt. Returns: list of sentences.
    -#}
    {% set doubtful = {} %}
    {% for column, spec in columns.items() %}
        {% set type = column_type(spec).name %}
        {% if not holds_as_it_is(type, found_types[column]) %}
            {% do doubtful.update({column: unfit_value(column, type)}) %}
        {% endif %}
    {% endfor %}
    {% set problems = [] %}
    {% if doubtful %}
        {% set query %}
            select
                {% for column, unfit in doubtful.items() %}
                count(*) filter (where {{ unfit }}) as {{ column }}_unfit,
                min(cast({{ column }} as varchar)) filter (where {{ unfit }}) as {{ column }}_example{{ ',' if not loop.last }}
                {% endfor %}
            from {{ relation }}
        {% endset %}
        {% set found = run_query(query)[0] %}
        {% for column in doubtful if found[column ~ '_unfit'] > 0 %}
            {% do problems.append(
                table ~ "." ~ column ~ " (" ~ found_types[column] ~ ") has " ~ found[column ~ '_unfit'] ~ " value(s) that are no " ~ column_type(columns[column]).name ~ ", such as '" ~ found[column ~ '_example'] ~ "'. Correct them at the source: timestamps in UTC without an offset, money with two decimals at most, whole numbers without a fraction, booleans true or false."
            ) %}
        {% endfor %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro holds_as_it_is(type, found_type) %}
    {#-
        Whether a column of a type holds a contract type as it is; others are read by way of their text, value by value. Everywhere
        but on DuckDB the declared types have been checked already.
        type: a contract type. found_type: the engine's name of the column's type, lower case. Returns: boolean.
    -#}
    {{ return(adapter.dispatch('holds_as_it_is', 'closed_loop')(type, found_type)) }}
{% endmacro %}

{% macro default__holds_as_it_is(type, found_type) %}
    {{ return(true) }}
{% endmacro %}

{% macro duckdb__holds_as_it_is(type, found_type) %}
    {% set exact = {
        'text': [found_type],
        'timestamp': ['timestamp', 'timestamp with time zone', 'timestamp_s', 'timestamp_ms', 'date'],
        'date': ['date'],
        'boolean': ['boolean'],
        'integer': ['tinyint', 'smallint', 'integer', 'bigint', 'utinyint', 'usmallint', 'uinteger'],
        'double': ['double', 'float', 'tinyint', 'smallint', 'integer', 'bigint'],
        'money': ['decimal(18,2)', 'tinyint', 'smallint', 'integer'],
    } %}
    {{ return(found_type in exact[type]) }}
{% endmacro %}


{% macro unfit_value(column, type) %}
    {#- The DuckDB condition under which a value would be lost or changed by the cast to its contract type. -#}
    {%- set value = "nullif(cast(" ~ column ~ " as varchar), '')" -%}
    {%- set converted = "try_cast(" ~ value ~ " as " ~ sql_type(type) ~ ")" -%}
    {{ value }} is not null and (
        {{ converted }} is null
        {%- if type in ['integer', 'money'] %}
        or abs(cast({{ converted }} as double) - try_cast({{ value }} as double)) > 1e-6
        {%- elif type == 'timestamp' %}
        or regexp_matches({{ value }}, ':[0-9.]+[+-](0[1-9]|1[0-9])(:?[0-9]{2})?$')
        {%- endif %}
    )
{% endmacro %}
