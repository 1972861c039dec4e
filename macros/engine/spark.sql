{#- Spark 3.5 and later, in a session in UTC (session_problems()), where `timestamp` is a moment in UTC. dbt-spark turns ANSI errors off: what overflows or can't be cast is null. -#}


{% macro spark__type_double() -%}
    {{ return('double') }}
{%- endmacro %}


{% macro spark__text_literal(value) -%}
    '{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}


{% macro spark__byte_order(text) -%}
    {#- Spark compares bytes. -#}
    {{ text }}
{%- endmacro %}


{% macro spark__sorted_texts(text) -%}
    {#- dbt.listagg() drops the order. -#}
    nullif(array_join(sort_array(collect_list({{ text }})), ''), '')
{%- endmacro %}


{% macro spark__json_object(columns) -%}
    to_json(
        named_struct({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}),
        map('ignoreNullFields', 'false', 'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS')
    )
{%- endmacro %}


{% macro spark__json_member(json, name) -%}
    get_json_object({{ json }}, '$.{{ name }}')
{%- endmacro %}


{% macro spark__sha256(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}


{% macro spark__row_hash(rows) -%}
    {#- Of the row's JSON: xxhash64() of the columns themselves leaves nulls out. -#}
    cast(xxhash64(to_json(
        struct({{ rows }}.*), map('ignoreNullFields', 'false', 'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS')
    )) as decimal(20, 0))
{%- endmacro %}


{% macro spark__view_definition(view) -%}
    {#- Spark can't be asked for the text of a view within a query. So dbt asks beforehand, and writes the answer into the query. -#}
    {%- set found = [] -%}
    {%- if execute and load_relation(view) is not none -%}
        {%- for row in run_query('describe extended ' ~ view.include(database=false)) if row[0] == 'View Text' -%}
            {%- do found.append(text_literal(row[1])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ found[0] if found else 'cast(null as string)' }}
{%- endmacro %}


{% macro spark__view_mark(view, mark) -%}
    {#- None: the text of a view is what was built. -#}
{%- endmacro %}


{% macro spark__is_absent_from(value, relation, column) -%}
    not exists (select 1 from {{ relation }} as listed where listed.{{ column }} = {{ value }})
{%- endmacro %}


{% macro spark__not_materialized() -%}
    {#- Spark stores no common table expression. -#}
{%- endmacro %}


{% macro spark__value_of_first(value, order_by) -%}
    {#- A struct is compared field by field; whether a key is missing comes before the key. -#}
    {%- set keys, descending = [], [] -%}
    {%- for key in order_by | map('trim') -%}
        {%- set is_descending = key.lower().endswith(' desc') -%}
        {%- set name = key[:-5] if is_descending else key -%}
        {%- do descending.append(is_descending) -%}
        {%- do keys.append(name ~ ' is ' ~ ('not ' if is_descending) ~ 'null, ' ~ name) -%}
    {%- endfor -%}
    {%- if descending | unique | list | length > 1 -%}
        {{ exceptions.raise_compiler_error("value_of_first() on Spark takes keys of one direction: " ~ order_by | join(', ') ~ ". Write them all with desc, or none.") }}
    {%- endif -%}
    {{ 'max_by' if descending[0] else 'min_by' }}({{ value }}, struct({{ keys | join(', ') }}))
{%- endmacro %}


{% macro spark__median_and_p90(value) -%}
    percentile(cast({{ value }} as double), array(0.5d, 0.9d))
{%- endmacro %}


{% macro spark__array_item(array, number) -%}
    {#- `array[…]` counts from 0. -#}
    element_at({{ array }}, {{ number }})
{%- endmacro %}


{% macro spark__seconds_between(starts_at, ends_at) -%}
    ((unix_micros({{ ends_at }}) - unix_micros({{ starts_at }})) / 1e6d)
{%- endmacro %}


{% macro spark__add_seconds(moment, seconds) -%}
    {#- `timestampadd(microsecond, …)` takes a number of 32 bits, and is days off without an error on Spark 3.5. -#}
    timestamp_micros(unix_micros({{ moment }}) + cast(({{ seconds }}) * 1000000 as bigint))
{%- endmacro %}


{% macro spark__outermost_moment(sign) -%}
    {#- Spark has no infinite moments: the last and the first that it has. -#}
    cast('{{ '9999-12-31 23:59:59.999999' if sign == '+' else '0001-01-01' }}' as timestamp)
{%- endmacro %}


{% macro spark__date_series(first_day, last_day) -%}
    {#- sequence() fails, or counts down, where the first day is later. -#}
    select explode(case when {{ first_day }} <= {{ last_day }} then sequence({{ first_day }}, {{ last_day }}, interval 1 day) end) as date_day
{%- endmacro %}


{% macro spark__in_other_zone(moment, zone, other_zone) -%}
    cast(convert_timezone({{ zone }}, {{ other_zone }}, cast({{ moment }} as timestamp_ntz)) as timestamp)
{%- endmacro %}


{% macro spark__source_types(relation) %}
    {% set types = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do types.update({column.name | lower: column.dtype | lower}) %}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}


{% macro spark__check_types(table, relation, columns, found_types) %}
    {#- The declared type has to be of the contract's family: Spark would cast any other, and stop half-way. Returns: list of sentences. -#}
    {{ return(unfit_types(table, columns, found_types, {
        'text': ['string', 'char'], 'timestamp': ['timestamp'], 'date': ['date'], 'boolean': ['boolean'],
        'integer': ['int'], 'double': ['double', 'float', 'decimal', 'int'], 'money': ['decimal', 'int'],
    })) }}
{% endmacro %}


{% macro spark__holds_as_it_is(type, found_type) %}
    {#- The declared types have been checked already (check_types()). -#}
    {{ return(true) }}
{% endmacro %}


{% macro spark__unfit_value(column, type, found_type) %}
    {#- A decimal or a whole number that may have more places, or be larger, than the contract's type. -#}
    {%- if type == 'money' and 'decimal' in found_type and found_type != 'decimal(18,2)' -%}
        {{ return(column ~ " <> round(" ~ column ~ ", 2) or abs(" ~ column ~ ") >= 1e16") }}
    {%- elif type == 'money' and 'bigint' in found_type -%}
        {{ return("abs(" ~ column ~ ") >= 1e16") }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{% macro spark__pii_key() %}
    {#- None: Spark writes the value of a session's setting into the text of the views that read it, where everybody can see it. -#}
    {{ return(none) }}
{% endmacro %}


{% macro spark__pii_key_variable() %}
    {{ return(none) }}
{% endmacro %}


{% macro spark__database_name_problem() %}
    {#- Nothing: Spark's names have been checked already (is_schema_name()). -#}
    {{ return(none) }}
{% endmacro %}


{% macro spark__session_problems() %}
    {% set needed = {'spark.sql.session.timeZone': ['UTC', 'Etc/UTC'], 'spark.sql.timestampType': ['TIMESTAMP_LTZ']} %}
    {% set problems = [] %}
    {% for setting, values in needed.items() %}
        {% set found = run_query('set ' ~ setting)[0][1] %}
        {% if found not in values %}
            {% do problems.append("Spark's setting " ~ setting ~ " is " ~ found ~ ". Set it to " ~ values[0] ~ ", in server_side_parameters of the profile or where the server is configured.") %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro spark__planner_settings() -%}
    {#- Nothing: Spark plans anew while a query runs, by what it has seen of the tables. -#}
{%- endmacro %}


{% macro spark__replaces_rows() %}
    {{ return(config.get('file_format') in ['iceberg', 'delta', 'hudi']) }}
{% endmacro %}


{% macro spark__reads_files() %}
    {#- They would be those of the cluster's machines. External tables read them: docs/spark.md. -#}
    {{ return(false) }}
{% endmacro %}


{% macro spark__is_shared_database() %}
    {#- There are no transactions that a lock could last for. -#}
    {{ return(false) }}
{% endmacro %}
