{#- What dbt-spark gets wrong, or leaves half done where a build is broken off. dbt takes these macros for its own of the same name. -#}


{% macro spark_type(type) -%}
    {#- A column type as the YAML of models and seeds has it, which Spark may call otherwise. Returns: string. -#}
    {{ return({'varchar': 'string', 'text': 'string', 'double precision': 'double'}.get(type | lower, type)) }}
{%- endmacro %}


{% macro spark__get_empty_schema_sql(columns) %}
    {#- dbt-spark has no version of it, and Spark doesn't know all types of the contracts. columns: a model's, as in its YAML. -#}
    select
    {%- for column in columns.values() %}
        cast(null as {{ spark_type(column['data_type']) }}) as {{ column['name'] }}{{ ',' if not loop.last }}
    {%- endfor %}
    where false
{% endmacro %}


{% macro spark__create_csv_table(model, agate_table) %}
    {#- dbt-spark takes the types of a seed as they are written. model: a seed's node. agate_table: its rows. -#}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set create -%}
        create table {{ this.render() }} (
            {%- for name in agate_table.column_names %}
            {{ name }} {{ spark_type(types.get(name, adapter.convert_type(agate_table, loop.index0))) }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {{ file_format_clause() }}
    {%- endset -%}
    {% call statement('_') -%}{{ create }}{%- endcall %}
    {{ return(create) }}
{% endmacro %}


{% macro spark__load_csv_rows(model, agate_table) %}
    {#-
        dbt-spark writes null as the text None, cuts moments to milliseconds and doesn't escape quotes; here texts are cast to the seed's types. One
        literal holds thousands of rows: Spark takes long to read as many values. model: a seed's node. agate_table: its rows.
    -#}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(5000) -%}
        {%- set rows = [] -%}
        {%- for row in chunk -%}
            {%- set values = [] -%}
            {%- for value in row -%}
                {%- do values.append(value if value is none else value | string) -%}
            {%- endfor -%}
            {%- do rows.append(values) -%}
        {%- endfor -%}
        {%- set insert -%}
            insert into {{ this.render() }}
            select
                {%- for name in agate_table.column_names %}
                cast(seed_row[{{ loop.index0 }}] as {{ spark_type(types.get(name, adapter.convert_type(agate_table, loop.index0))) }}) as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from (select explode(from_json({{ text_literal(tojson(rows)) }}, 'array<array<string>>')) as seed_row)
        {%- endset -%}
        {%- do adapter.add_query(insert, abridge_sql_log=True) -%}
        {%- do statements.append(insert) if loop.first -%}
    {%- endfor -%}
    {{ return(statements[0]) }}
{% endmacro %}


{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {#- dbt-spark's asserts that nothing is null, and makes a moment of every date by way of whole seconds. datepart: word. interval: number. from_date_or_timestamp: SQL expression. -#}
    timestampadd({{ datepart }}, cast({{ interval }} as int), cast({{ from_date_or_timestamp }} as timestamp))
{%- endmacro %}


{% macro spark__datediff(first_date, second_date, datepart) -%}
    {#- dbt-spark's asserts that nothing is null, and counts whole months where others count their boundaries. first_date, second_date: SQL expressions. datepart: word. -#}
    {%- if datepart == 'day' -%}
        datediff(cast({{ second_date }} as date), cast({{ first_date }} as date))
    {%- elif datepart == 'month' -%}
        (12 * (year({{ second_date }}) - year({{ first_date }})) + month({{ second_date }}) - month({{ first_date }}))
    {%- else -%}
        {{ exceptions.raise_compiler_error("dbt.datediff() counts days and months on Spark, not " ~ datepart ~ "s: use seconds_between().") }}
    {%- endif -%}
{%- endmacro %}


{% macro replace_table(target_relation, existing_relation, query) %}
    {#-
        Make a table anew, whole or not at all. dbt-spark drops it first, for it doesn't recognise Iceberg's own; and a build that is killed while Spark
        writes leaves files where the next one finds that it may not write. Where the format can't replace a table, the new one is made under a name
        of this build's own, and renamed. Returns an empty string. target_relation: the table. existing_relation: what has its name, or
        none. query: SQL.
    -#}
    {%- if existing_relation is not none and existing_relation.is_view -%}
        {%- do adapter.drop_relation(existing_relation) -%}
        {%- set existing_relation = none -%}
    {%- endif -%}
    {%- if replaces_rows() -%}
        {%- call statement('main') -%}{{ create_table_as(False, target_relation, query) }}{%- endcall -%}
    {%- else -%}
        {%- set new_relation = target_relation.incorporate(path={'identifier': target_relation.identifier ~ '__' ~ invocation_id[:8]}) -%}
        {%- call statement('main') -%}{{ create_table_as(False, new_relation, query) }}{%- endcall -%}
        {%- if existing_relation is not none -%}
            {%- do adapter.drop_relation(existing_relation) -%}
        {%- endif -%}
        {%- do adapter.rename_relation(new_relation, target_relation) -%}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{% materialization table, adapter='spark' %}
    {#- As dbt-spark's, but for replace_table(). -#}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- do replace_table(target_relation, load_cached_relation(this), compiled_code) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% materialization incremental, adapter='spark' %}
    {#-
        As dbt-spark's, but for replace_table(), and for `delete+insert`, which dbt-spark doesn't know: here it is one statement (replace_rows()).
    -#}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing_relation is none or existing_relation.is_view or should_full_refresh() -%}
        {%- do replace_table(target_relation, existing_relation, compiled_code) -%}
    {%- else -%}
        {%- set new_rows = make_temp_relation(target_relation) -%}
        {%- call statement('new_rows') -%}{{ create_temporary_view(new_rows, compiled_code) }}{%- endcall -%}
        {%- do process_schema_changes(incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore'), new_rows, existing_relation) -%}
        {%- call statement('main') -%}
            {%- if config.get('unique_key') -%}
                {{ replace_rows(target_relation, new_rows, config.get('unique_key')) }}
            {%- else -%}
                {{ get_insert_into_sql(new_rows, target_relation) }}
            {%- endif -%}
        {%- endcall -%}
    {%- endif -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro replace_rows(target_relation, new_rows, unique_key) %}
    {#-
        The statement that deletes the rows of a table whose keys new rows have, and inserts the new rows: one merge, so that nobody sees the table in between.
        A key may have several rows on either side. target_relation: the table. new_rows: a relation. unique_key: name of a column without NULLs.
    -#}
    {%- set columns = adapter.get_columns_in_relation(target_relation) %}
    merge into {{ target_relation }} as held
    using (
        select
            cast(null as string) as replaced_key,
            {%- for column in columns %}
            {{ column.quoted }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ new_rows }}
        union all
        select distinct
            {{ unique_key }} as replaced_key,
            {%- for column in columns %}
            cast(null as {{ column.dtype }}) as {{ column.quoted }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ new_rows }}
    ) as brought
    on held.{{ unique_key }} = brought.replaced_key
    when matched then delete
    when not matched and brought.replaced_key is null then insert ({{ columns | map(attribute='quoted') | join(', ') }})
        values ({% for column in columns %}brought.{{ column.quoted }}{{ ', ' if not loop.last }}{% endfor %})
{% endmacro %}
