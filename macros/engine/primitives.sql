{#- What engines say differently: each macro is a dispatch to the one of its name in this folder's file of the target's engine. -#}


{% macro type_double() -%}
    {#- The 64-bit floating point type, by the engine's name. dbt.type_float() is 32 bits wide on DuckDB, so it does not serve. -#}
    {{ return(adapter.dispatch('type_double', 'closed_loop')()) }}
{%- endmacro %}


{% macro text_literal(value) -%}
    {#- A text as an SQL literal that can't end before its end. value: string. -#}
    {{ adapter.dispatch('text_literal', 'closed_loop')(value) }}
{%- endmacro %}


{% macro byte_order(text) -%}
    {#-
        A text column for `order by`, `min` or `max`, compared byte by byte whatever the database's collation.
        text: SQL expression of type text.
    -#}
    {{ adapter.dispatch('byte_order', 'closed_loop')(text) }}
{%- endmacro %}


{% macro sorted_texts(text) -%}
    {#- A group's texts in the order of their bytes, put together: an aggregate, NULL without a text. text: SQL expression of type text that holds ASCII only. -#}
    {{ adapter.dispatch('sorted_texts', 'closed_loop')(text) }}
{%- endmacro %}


{% macro json_object(columns) -%}
    {#-
        One JSON object as text, from columns by their names. columns: dict of column name -> its entry in event_contract().
        Engines write numbers and timestamps in their own way; the object parses to the same values. The doubles that JSON
        has no number for are texts: Infinity, -Infinity, NaN.
    -#}
    {{ adapter.dispatch('json_object', 'closed_loop')(columns) }}
{%- endmacro %}


{% macro json_member(json, name) -%}
    {#- A member of a JSON object as text, NULL where it is null or absent. json: SQL expression of type text, as json_object() gives it. name: string. -#}
    {{ adapter.dispatch('json_member', 'closed_loop')(json, name) }}
{%- endmacro %}


{% macro sha256(text) -%}
    {#- SHA-256 of a text's bytes in UTF-8, as 64 hexadecimal digits; NULL where it is NULL. text: SQL expression of type text. -#}
    {{ adapter.dispatch('sha256', 'closed_loop')(text) }}
{%- endmacro %}


{% macro row_hash(rows) -%}
    {#-
        The engine's own 64-bit hash of a whole row, with or without a sign; never NULL. Of many rows: rows_hash().
        rows: alias of a from-item. All its columns count, in their order, nulls included.
    -#}
    {{ adapter.dispatch('row_hash', 'closed_loop')(rows) }}
{%- endmacro %}


{% macro view_definition(view) %}
    {#-
        What tells the query of a view that was built, and marked by mark_view(), from any other: a scalar of type text, NULL where the view is gone, or may
        have been replaced. view: a relation.
    -#}
    {{ return(adapter.dispatch('view_definition', 'closed_loop')(view)) }}
{% endmacro %}


{% macro view_mark(view, mark) -%}
    {#-
        The statement that marks a view for view_definition(), by what goes when the view is replaced. Empty where the engine keeps the query as it was
        written. view: a relation. mark: text without quotes.
    -#}
    {{ adapter.dispatch('view_mark', 'closed_loop')(view, mark) }}
{%- endmacro %}


{% macro is_absent_from(value, relation, column) -%}
    {#-
        The condition that no row of a small relation has a value: a boolean, never NULL. value: SQL expression. relation: a relation. column: name of a
        column of it. Neither may be NULL.
    -#}
    {{ adapter.dispatch('is_absent_from', 'closed_loop')(value, relation, column) }}
{%- endmacro %}


{% macro not_materialized() -%}
    {#-
        Stands after the `as` of a common table expression that is read more than once and holds most rows of a large table: the engine reads the table
        again each time, with the columns that are asked for, instead of writing all its rows down first.
    -#}
    {{ adapter.dispatch('not_materialized', 'closed_loop')() }}
{%- endmacro %}


{% macro value_of_first(value, order_by) -%}
    {#-
        The value of a group's first row: an aggregate of the value's type. NULL where that row's value is NULL, and without a row.
        For the first of the rows that fulfil a condition: a `case` without `else` as the value, and one that puts those rows first as the first key.
        No `filter (where …)` may follow.
        value: SQL expression. order_by: list of SQL expressions, texts through byte_order(), each with ` desc` behind it where the greatest comes
        first. NULLs come last either way. Together they have to be unique within the group, or any of the rows that tie may be the first.
    -#}
    {{ adapter.dispatch('value_of_first', 'closed_loop')(value, order_by) }}
{%- endmacro %}


{% macro median_and_p90(value) -%}
    {#-
        The median and the 90th percentile of a group's units in one array, so that the values are held once: percentile() of both. For array_item().
        value: numeric SQL expression; NULLs are left out.
    -#}
    {{ adapter.dispatch('median_and_p90', 'closed_loop')(value) }}
{%- endmacro %}


{% macro array_item(array, number) -%}
    {#- An item of an array, NULL where the array is NULL. array: SQL expression. number: its place, from 1. -#}
    {{ adapter.dispatch('array_item', 'closed_loop')(array, number) }}
{%- endmacro %}


{% macro seconds_between(starts_at, ends_at) -%}
    {#-
        Elapsed seconds from one moment to another: a double, negative where the end is earlier, NULL where either is
        NULL. Never a count of boundaries crossed, which is what dbt.datediff() gives.
        starts_at, ends_at: SQL expressions of type timestamp.
    -#}
    {{ adapter.dispatch('seconds_between', 'closed_loop')(starts_at, ends_at) }}
{%- endmacro %}


{% macro add_seconds(moment, seconds) -%}
    {#-
        The moment that lies so many elapsed seconds later: a timestamp, NULL where either is NULL.
        moment: SQL expression of type timestamp. seconds: number or numeric SQL expression, fractions allowed.
    -#}
    {{ adapter.dispatch('add_seconds', 'closed_loop')(moment, seconds) }}
{%- endmacro %}


{% macro outermost_moment(sign) -%}
    {#- The moment after all others that the engine has, or before them: a timestamp. sign: '+' or '-'. -#}
    {{ adapter.dispatch('outermost_moment', 'closed_loop')(sign) }}
{%- endmacro %}


{% macro date_series(first_day, last_day) -%}
    {#-
        A query of one column `date_day` (date): every date from the first to the last, both included; no row where either
        is NULL or the first is later. first_day, last_day: SQL expressions of type date, without columns of a query around it.
    -#}
    {{ adapter.dispatch('date_series', 'closed_loop')(first_day, last_day) }}
{%- endmacro %}


{% macro in_other_zone(moment, zone, other_zone) -%}
    {#-
        Wall-clock time in one time zone as that in another: a timestamp without zone, NULL where it is NULL. Use to_local() and to_utc().
        moment: SQL expression of type timestamp. zone, other_zone: SQL expressions of type text, IANA names that every engine knows.
    -#}
    {{ adapter.dispatch('in_other_zone', 'closed_loop')(moment, zone, other_zone) }}
{%- endmacro %}


{% macro source_types(relation) %}
    {#-
        The columns that a from-item really has. Returns: dict of lower-case column name -> lower-case type name.
        relation: a relation, or a from-item that reads a file where reads_files().
    -#}
    {{ return(adapter.dispatch('source_types', 'closed_loop')(relation)) }}
{% endmacro %}


{% macro check_types(table, relation, columns, found_types) %}
    {#-
        What is wrong with the declared types of a raw table, where no cast can be tried value by value. Returns: list of sentences.
        table, relation: the raw table, its name and from-item. columns: its contract. found_types: of source_types().
    -#}
    {{ return(adapter.dispatch('check_types', 'closed_loop')(table, relation, columns, found_types)) }}
{% endmacro %}


{% macro holds_as_it_is(type, found_type) %}
    {#-
        Whether a column of a type holds a contract type as it is; others are read by way of their text, value by value (text_as()).
        type: a contract type. found_type: the engine's name of the column's type, lower case. Returns: boolean.
    -#}
    {{ return(adapter.dispatch('holds_as_it_is', 'closed_loop')(type, found_type)) }}
{% endmacro %}


{% macro unfit_value(column, type, found_type) %}
    {#-
        The condition under which a value would be lost or changed by the cast to its contract type, empty where none can be.
        column: name of the raw column. type: its contract type. found_type: the engine's name of the type that it has, lower case.
    -#}
    {{ return(adapter.dispatch('unfit_value', 'closed_loop')(column, type, found_type)) }}
{% endmacro %}


{% macro pii_key() %}
    {#-
        The key of hashed columns, as an SQL expression of type text, NULL where there is none. The session holds it, so that it is in no SQL
        text, and so in no file or log of dbt. None (not an expression) on an engine that can't keep it secret.
    -#}
    {{ return(adapter.dispatch('pii_key', 'closed_loop')()) }}
{% endmacro %}


{% macro pii_key_variable() %}
    {#- The environment variable that gives the session pii_key(). Returns: string. -#}
    {{ return(adapter.dispatch('pii_key_variable', 'closed_loop')()) }}
{% endmacro %}


{% macro database_name_problem() %}
    {#- What is wrong with the name of the target's database, at which the engine would stop half-way. Returns: sentence, none where all is well. -#}
    {{ return(adapter.dispatch('database_name_problem', 'closed_loop')()) }}
{% endmacro %}


{% macro session_problems() %}
    {#- What is wrong with the settings of the session, under which the same SQL would give other figures without an error. Returns: list of sentences. -#}
    {{ return(adapter.dispatch('session_problems', 'closed_loop')()) }}
{% endmacro %}


{% macro planner_settings() -%}
    {#- The statements that tell the engine how to plan the queries of a model, until its transaction ends. Empty where nothing has to be said. -#}
    {{ adapter.dispatch('planner_settings', 'closed_loop')() }}
{%- endmacro %}


{% macro replaces_rows() %}
    {#- Whether rows of a table can be deleted and replaced. Where they can't, each build rebuilds everything. Returns: boolean. Asked for within a model. -#}
    {{ return(adapter.dispatch('replaces_rows', 'closed_loop')()) }}
{% endmacro %}


{% macro reads_files() %}
    {#- Whether the engine reads raw tables from files: what events_path and reference_path need. Returns: boolean. -#}
    {{ return(adapter.dispatch('reads_files', 'closed_loop')()) }}
{% endmacro %}


{% macro is_shared_database() %}
    {#-
        Whether several builds and users may be in one database at a time, with roles and views of their own: what macros/sharing is for.
        Returns: boolean.
    -#}
    {{ return(adapter.dispatch('is_shared_database', 'closed_loop')()) }}
{% endmacro %}
