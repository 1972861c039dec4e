{% macro check_inputs() %}
    {#-
        Runs before anything is built: the vars, then whether the database holds other events, and every raw table that the user brings.
        Lists all that is wrong in one error, each with the way out, and touches nothing. Returns an empty string.
    -#}
    {% if execute and flags.WHICH in ['run', 'build', 'test', 'snapshot', 'seed'] %}
        {% set problems = check_vars() %}
        {% if not problems %}
            {% do problems.extend(check_held_events()) %}
            {% for kind in ['events', 'reference'] if brings_own(kind) %}
                {% do problems.extend(check_tables(kind)) %}
            {% endfor %}
            {% do problems.extend(check_given_reference()) %}
        {% endif %}
        {% do refuse(problems) %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro refuse(problems) %}
    {#- Stops with an error that lists what is wrong; nothing where the list is empty. problems: list of sentences. -#}
    {% if problems %}
        {% do exceptions.raise_compiler_error("the input can't be used; nothing was built.\n  - " ~ problems | join("\n  - ")) %}
    {% endif %}
{% endmacro %}


{% macro check_tables(kind) %}
    {#- What is wrong with the raw tables of a kind ('events' or 'reference') that the user brings. Returns: list of sentences. -#}
    {% set files = raw_files(kind) if var(kind ~ '_path') else {'problems': [], 'strangers': []} %}
    {% set problems = files.problems | list %}
    {% set missing = [] %}
    {% for table in contract(kind) if not files.problems %}
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
    {% set place = kind ~ '_path' if var(kind ~ '_path') else kind ~ '_schema' %}
    {% if files.strangers %}
        {% do exceptions.warn(
            place ~ " '" ~ var(place) ~ "' holds what is none of the tables, and is not read: " ~ files.strangers[:10] | join(', ')
            ~ (' and ' ~ (files.strangers | length - 10) ~ ' more' if files.strangers | length > 10 else '') ~ "."
        ) %}
    {% endif %}
    {% if missing | length == contract(kind) | length %}
        {% do problems.append(
            place ~ " '" ~ var(place) ~ "' holds none of the tables " ~ missing | join(', ') ~ ": check that it exists and can be read, and that files are named <table>.parquet, <table>/**/*.parquet, <table>.csv or <table>.csv.gz."
        ) %}
    {% elif missing and kind == 'events' %}
        {% do exceptions.warn(place ~ " '" ~ var(place) ~ "' has no file for " ~ missing | join(', ') ~ ": counted as empty.") %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro check_given_reference() %}
    {#-
        With events of one's own: that the workflows are given. Notes which other reference tables aren't, and so are empty. Returns: list of
        sentences.
    -#}
    {% set missing = [] %}
    {% for table in (reference_contract() if brings_own('events') else {}) %}
        {% if not may_be_seeded('reference', table) and own_relation('reference', table) is none %}
            {% do missing.append(table) %}
        {% endif %}
    {% endfor %}
    {% if 'workflows' in missing %}
        {{ return([
            "the reference table workflows is not given, and the demo's workflows don't judge other events. Put a workflows.csv into a folder, and name the folder in reference_path. Where seeds/reference holds your own rows, name that."
        ]) }}
    {% elif missing %}
        {% do log("Not given, and so without rows: the reference tables " ~ missing | join(', ') ~ ". Figures that need them are null or absent.", info=true) %}
    {% endif %}
    {{ return([]) }}
{% endmacro %}


{% macro check_columns(kind, table, relation) %}
    {#-
        What is wrong with one raw table's columns: missing ones, values that don't fit the type. Notes the columns that need not be there, and aren't.
        Returns: list of sentences. kind: events or reference. relation: the raw table: a relation, or a from-item that reads a file.
    -#}
    {% set found_types = source_types(relation) %}
    {% set columns, absent, problems = {}, [], [] %}
    {% for column, spec in contract(kind)[table].items() %}
        {% if column in found_types %}
            {% do columns.update({column: spec}) %}
        {% elif column_type(spec).is_optional %}
            {% do absent.append(column) %}
        {% else %}
            {% do problems.append(
                "table " ~ table ~ " lacks the column " ~ column ~ " (" ~ column_type(spec).name ~ "). Add it"
                ~ (", with nulls where nothing is known." if column_type(spec).is_nullable else ".")
            ) %}
        {% endif %}
    {% endfor %}
    {% do note_absent('table ' ~ table, absent) %}
    {% if not problems and var(kind ~ '_path') %}
        {% set file = raw_files(kind).found[table] %}
        {% do problems.extend(check_header(table, file, columns, found_types) if '.csv' in file.name else check_parts(table, file, columns, found_types)) %}
    {% endif %}
    {% if not problems and kind == 'events' and var('pii') != 'clear' and (relation | string).startswith('read_csv(') %}
        {% do problems.extend(check_lines(table, relation)) %}
    {% endif %}
    {% if not problems %}
        {% do problems.extend(check_types(table, relation, columns, found_types)) %}
    {% endif %}
    {% if not problems %}
        {% do problems.extend(check_values(table, relation, columns, found_types)) %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro note_absent(holder, columns) %}
    {#- Says which columns count as null because they are absent; nothing where the list is empty. holder: the table or part. columns: list of names. -#}
    {% if columns %}
        {% do log(holder ~ " has no " ~ columns | join(', ') ~ ": counted as null.", info=true) %}
    {% endif %}
{% endmacro %}


{% macro check_header(table, file, columns, found_types) %}
    {#-
        Which columns of the contract a CSV's header names twice: DuckDB would read the first and rename the others (`case_id_1`).
        table, file: a table and its raw_files() entry. columns: its contract. found_types: of source_types(). Returns: list of sentences.
    -#}
    {% set problems = [] %}
    {% for column in columns if column ~ '_1' in found_types %}
        {% set names = run_query("select * from " ~ file_relation(file) | replace('header = true', 'header = false') ~ " limit 1")[0].values() | map('lower') | list %}
        {% if names | select('equalto', column) | list | length > 1 %}
            {% do problems.append("table " ~ table ~ ": the header of " ~ file.name ~ " names the column " ~ column ~ " more than once. Keep one of them.") %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro check_parts(table, file, columns, found_types) %}
    {#-
        What is wrong between the Parquet parts of a table: a column that a part lacks or has twice, or a type that another part doesn't
        have, so that reading them together would convert values without a word. Notes the columns that need not be there, and aren't.
        Arguments: as check_header(). Returns: list of sentences.
        file: the table's entry in raw_files().found. columns: its contract, column -> type. found_types: of source_types().
    -#}
    {% set query %}
        with

        part_columns as (
            select
                file_name as part,
                lower(name) as name,
                string_agg(distinct lower(duckdb_type), ' and ' order by lower(duckdb_type)) as type,
                count(*) as times
            from parquet_schema([{{ file.paths }}])
            group by file_name, lower(name)
        ),

        expected as (
            select
                parts.part,
                names.name
            from (select distinct part from part_columns) as parts
            cross join (select unnest(['{{ columns | join("', '") }}']) as name) as names
        )

        select
            expected.name,
            part_columns.type,
            max(part_columns.times) as times,
            min(expected.part) as part
        from expected
        left join part_columns on expected.part = part_columns.part and expected.name = part_columns.name
        where part_columns.type is distinct from '"null"'
        group by expected.name, part_columns.type
        order by expected.name, part_columns.type
    {% endset %}
    {% set problems = [] %}
    {% set lacking, absent = {}, {} %}
    {% for column, types in run_query(query).rows | groupby('name') %}
        {% for found in types if found['type'] is none %}
            {% do (absent if column_type(columns[column]).is_optional else lacking).setdefault(found['part'], []).append(column) %}
        {% endfor %}
        {% set types = types | rejectattr('type', 'none') | list %}
        {% if not may_stand_together(column_type(columns[column]).name, types | map(attribute='type') | list) %}
            {% do problems.append(
                table ~ "." ~ column ~ " is " ~ types[0]['type'] ~ " in " ~ types[0]['part'] ~ ", but " ~ types[1]['type'] ~ " in " ~ types[1]['part'] ~ ". Write all parts with the same type."
            ) %}
        {% elif column ~ '_1' in found_types and types[0]['times'] > 1 %}
            {% do problems.append("table " ~ table ~ ": its part " ~ types[0]['part'] ~ " has the column " ~ column ~ " more than once. Keep one of them.") %}
        {% endif %}
    {% endfor %}
    {% for part, names in absent.items() %}
        {% do note_absent('table ' ~ table ~ ': its part ' ~ part, names) %}
    {% endfor %}
    {% for part, names in lacking.items() %}
        {% do problems.append("table " ~ table ~ ": its part " ~ part ~ " lacks the column(s) " ~ names | join(', ') ~ ". Add them, with nulls where the contract allows them.") %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro may_stand_together(type, found_types) %}
    {#-
        Whether parts may have a column in these types: in one, or in several that all hold the contract's type as they are. Moments with
        and without a time zone never may. type: a contract type. found_types: list of DuckDB's type names, lower case. Returns: boolean.
    -#}
    {% if found_types | length <= 1 %}
        {{ return(true) }}
    {% endif %}
    {% set apart = found_types | select('equalto', 'timestamp with time zone') | list %}
    {% for found_type in found_types if type == 'text' or not holds_as_it_is(type, found_type) %}
        {% do apart.append(found_type) %}
    {% endfor %}
    {{ return(not apart) }}
{% endmacro %}


{% macro check_lines(table, relation) %}
    {#-
        Which lines of an event table's CSV file can't be read. Only asked where personal columns are shielded, because DuckDB's own message
        quotes the line. relation: the from-item that reads the file. Returns: list of sentences.
    -#}
    {% set unread = 'unread_lines_of_' ~ table %}
    {% set storing = ", store_rejects = true, rejects_table = '" ~ unread ~ "', rejects_scan = 'scan_for_" ~ unread ~ "')" %}
    {% do run_query('select count(columns(*)) from ' ~ (relation | string)[:-1] ~ storing) %}
    {% set query %}
        select count(distinct line) as line_count, min(line) as first_line, lower(min_by(cast(error_type as varchar), line)) as problem
        from {{ unread }}
    {% endset %}
    {% set found = run_query(query)[0] %}
    {% if found['line_count'] > 0 %}
        {{ return([
            "table " ~ table ~ ": its CSV file has " ~ found['line_count'] ~ " line(s) that can't be read, the first of them line " ~ found['first_line'] ~ " (" ~ found['problem'] ~ "). Write the file again, in UTF-8, with as many fields in each line as in the header."
        ]) }}
    {% endif %}
    {{ return([]) }}
{% endmacro %}


{% macro check_values(table, relation, columns, found_types) %}
    {#-
        Which values don't say the same in the contract's type. One query per table reads only the columns in doubt; the rows are looked up
        where there is something to say. Arguments: as check_types(). Returns: list of sentences.
        relation: the raw table: a relation, or a from-item that reads a file. found_types: of source_types().
    -#}
    {% set doubtful = {} %}
    {% for column, spec in columns.items() %}
        {% set unfit = unfit_value(column, column_type(spec).name, found_types[column]) | trim %}
        {% if unfit %}
            {% do doubtful.update({column: unfit}) %}
        {% endif %}
    {% endfor %}
    {% set problems = [] %}
    {% if doubtful %}
        {% set counts %}
            select
                {% for column, unfit in doubtful.items() %}
                count(case when {{ unfit }} then 1 end) as {{ column }}{{ ',' if not loop.last }}
                {% endfor %}
            from {{ relation }} as raw_rows
        {% endset %}
        {% set found = run_query(counts)[0] %}
        {% for column, unfit in doubtful.items() if found[column] > 0 %}
            {% set example = run_query(unfit_row(columns | first, column, unfit, relation))[0][0] %}
            {% do problems.append(
                table ~ "." ~ column ~ " (" ~ found_types[column] ~ ") has " ~ found[column] ~ " value(s) that are no " ~ column_type(columns[column]).name
                ~ ", such as " ~ example ~ ". Correct them at the source: timestamps as 2026-03-02T09:00:00 with six decimals at most, in UTC or with an offset such as +02:00; dates as 2026-03-02; money with two decimals at most, whole numbers without a fraction, booleans true or false."
            ) %}
        {% endfor %}
    {% endif %}
    {{ return(problems) }}
{% endmacro %}


{% macro unfit_row(key, column, unfit, relation) -%}
    {#-
        A query of one text: a value that doesn't fit, its row and, where files are read, its file.
        key, column: names of columns. unfit: the condition. relation: the raw table, as in check_columns().
    -#}
    {%- set text = dbt.type_string() %}
    select
        min(
            '''' || cast({{ column }} as {{ text }}) || ''' in the row with {{ key }} ' || coalesce(cast({{ key }} as {{ text }}), '(null)')
            {%- if relation is string %} || ' of ' || filename{% endif %}
        ) as shown
    from {{ relation }} as raw_rows
    where {{ unfit }}
{%- endmacro %}


{% macro unfit_types(table, columns, found_types, families) %}
    {#-
        A sentence for each column of a typed table whose type doesn't fit the contract. table: its name. columns: column -> entry of the
        contract. found_types: column -> its type, as the engine names it. families: contract type -> parts of names of types that fit.
        Returns: list of sentences.
    -#}
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
