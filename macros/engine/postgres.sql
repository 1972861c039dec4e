{% macro postgres__type_double() -%}
    {{ return('double precision') }}
{%- endmacro %}


{% macro postgres__text_literal(value) -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(value | string)) }}
{%- endmacro %}


{% macro postgres__byte_order(text) -%}
    {{ text }} collate "C"
{%- endmacro %}


{% macro postgres__sorted_texts(text) -%}
    {{ dbt.listagg(text, "''", 'order by ' ~ byte_order(text)) }}
{%- endmacro %}


{% macro postgres__json_object(columns) -%}
    cast(json_build_object({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}) as {{ dbt.type_string() }})
{%- endmacro %}


{% macro postgres__json_member(json, name) -%}
    (cast({{ json }} as json) ->> '{{ name }}')
{%- endmacro %}


{% macro postgres__sha256(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}


{% macro postgres__row_hash(rows) -%}
    hash_record_extended({{ rows }}, 0)
{%- endmacro %}


{% macro postgres__view_definition(view) -%}
    pg_get_viewdef(to_regclass({{ text_literal(view.include(database=false)) }}))
{%- endmacro %}


{% macro postgres__view_mark(view, mark) -%}
    comment on view {{ view }} is '{{ mark }}'
{%- endmacro %}


{% macro postgres__is_absent_from(value, relation, column) -%}
    {#- `not in` would look through the whole relation for each row where it doesn't fit into work_mem. -#}
    not exists (select 1 from {{ relation }} as listed where listed.{{ column }} = {{ value }})
{%- endmacro %}


{% macro postgres__not_materialized() -%}
    not materialized
{%- endmacro %}


{% macro postgres__value_of_first(value, order_by) -%}
    (array_agg({{ value }} order by {{ order_by | join(' nulls last, ') }} nulls last))[1]
{%- endmacro %}


{% macro postgres__median_and_p90(value) -%}
    percentile_cont(array[0.5, 0.9]) within group (order by {{ value }})
{%- endmacro %}


{% macro postgres__array_item(array, number) -%}
    {{ array }}[{{ number }}]
{%- endmacro %}


{% macro postgres__seconds_between(starts_at, ends_at) -%}
    cast(extract(epoch from ({{ ends_at }} - {{ starts_at }})) as {{ type_double() }})
{%- endmacro %}


{% macro postgres__add_seconds(moment, seconds) -%}
    ({{ moment }} + ({{ seconds }}) * interval '1' second)
{%- endmacro %}


{% macro postgres__outermost_moment(sign) -%}
    cast('{{ '-' if sign == '-' }}infinity' as timestamp)
{%- endmacro %}


{% macro postgres__date_series(first_day, last_day) -%}
    select cast(series.day_starts_at as date) as date_day
    from generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1' day
    ) as series (day_starts_at)
{%- endmacro %}


{% macro postgres__in_other_zone(moment, zone, other_zone) -%}
    ({{ moment }} at time zone {{ zone }} at time zone {{ other_zone }})
{%- endmacro %}


{% macro postgres__source_types(relation) %}
    {% set types = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do types.update({column.name | lower: column.data_type | lower}) %}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}


{% macro postgres__check_types(table, relation, columns, found_types) %}
    {#- Without a cast that may fail, the declared type has to be of the contract's family. Returns: list of sentences. -#}
    {{ return(unfit_types(table, columns, found_types, {
        'text': ['char', 'text', 'string', 'uuid'], 'timestamp': ['timestamp'], 'date': ['date'], 'boolean': ['bool'],
        'integer': ['int'], 'double': ['double', 'float', 'real', 'numeric', 'decimal', 'int'],
        'money': ['numeric', 'decimal', 'int'],
    })) }}
{% endmacro %}


{% macro postgres__holds_as_it_is(type, found_type) %}
    {#- The declared types have been checked already (check_types()). -#}
    {{ return(true) }}
{% endmacro %}


{% macro postgres__unfit_value(column, type, found_type) %}
    {#- A decimal that may have more places, or be larger, than the contract's type. NaN is a value of either, and not above any number. -#}
    {%- set is_number = "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ") <> 'NaN'" -%}
    {%- set is_decimal = found_type.startswith('numeric') or found_type.startswith('decimal') -%}
    {%- if is_decimal and type == 'money' and '(18,2)' not in found_type -%}
        {{ return(is_number ~ " and (abs(" ~ column ~ ") >= 1e16 or " ~ column ~ " <> round(" ~ column ~ ", 2))") }}
    {%- elif is_decimal and type == 'double' -%}
        {{ return(is_number ~ " and abs(" ~ column ~ ") > 1e308") }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}


{% macro postgres__pii_key() %}
    {#- PGOPTIONS sets it. -#}
    {{ return("nullif(current_setting('closed_loop.pii_key', true), '')") }}
{% endmacro %}


{% macro postgres__pii_key_variable() %}
    {{ return('PGOPTIONS') }}
{% endmacro %}


{% macro postgres__database_name_problem() %}
    {#- Nothing: the server has named the database already. -#}
    {{ return(none) }}
{% endmacro %}


{% macro postgres__session_problems() %}
    {#- Nothing: neither collation nor time zone counts. -#}
    {{ return([]) }}
{% endmacro %}


{% macro postgres__planner_settings() -%}
    {#-
        PostgreSQL knows nothing of the views and new tables that a model reads. It expects 200 cases where there are 100,000, and compares each with
        each row, for hours. Without nested loops it joins by hash. Where it can't, its estimate of the cost is so high that it would compile the query.
    -#}
    set local enable_nestloop = off;
    set local jit = off
{%- endmacro %}


{% macro postgres__replaces_rows() %}
    {{ return(true) }}
{% endmacro %}


{% macro postgres__reads_files() %}
    {#- They would be those of the server's machine. -#}
    {{ return(false) }}
{% endmacro %}


{% macro postgres__is_shared_database() %}
    {{ return(true) }}
{% endmacro %}
