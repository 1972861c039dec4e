{% macro duckdb__type_double() -%}
    {{ return('double precision') }}
{%- endmacro %}


{% macro duckdb__text_literal(value) -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(value | string)) }}
{%- endmacro %}


{% macro duckdb__byte_order(text) -%}
    {#- DuckDB compares bytes. -#}
    {{ text }}
{%- endmacro %}


{% macro duckdb__sorted_texts(text) -%}
    {{ dbt.listagg(text, "''", 'order by ' ~ text) }}
{%- endmacro %}


{% macro duckdb__json_object(columns) -%}
    cast(json_object(
        {%- for column, spec in columns.items() -%}
        '{{ column }}',
        {%- if column_type(spec).name == 'double' %} case when isfinite({{ column }}) then to_json({{ column }}) else to_json(cast(to_json({{ column }}) as {{ dbt.type_string() }})) end
        {%- else %} {{ column }}
        {%- endif -%}
        {{ ', ' if not loop.last }}
        {%- endfor -%}
    ) as {{ dbt.type_string() }})
{%- endmacro %}


{% macro duckdb__json_member(json, name) -%}
    (cast({{ json }} as json) ->> '{{ name }}')
{%- endmacro %}


{% macro duckdb__sha256(text) -%}
    sha256({{ text }})
{%- endmacro %}


{% macro duckdb__row_hash(rows) -%}
    {#- Not as strong as its 64 bits for texts beyond twelve bytes: DECISIONS.md, The hash is the engine's own. -#}
    hash({{ rows }})
{%- endmacro %}


{% macro duckdb__view_definition(view) -%}
    {#- By the comment of mark_view(), which goes when a view is replaced: DuckDB writes the query itself in another way each time that it opens the file. -#}
    (select comment from duckdb_views() where database_name = '{{ view.database }}' and schema_name = '{{ view.schema }}' and view_name = '{{ view.identifier }}')
{%- endmacro %}


{% macro duckdb__view_mark(view, mark) -%}
    comment on view {{ view }} is '{{ mark }}'
{%- endmacro %}


{% macro duckdb__is_absent_from(value, relation, column) -%}
    {#- A correlated `not exists`, or a left join whose large side DuckDB takes for the small one, takes up to four times as long. -#}
    {{ value }} not in (select listed.{{ column }} from {{ relation }} as listed)
{%- endmacro %}


{% macro duckdb__not_materialized() -%}
    not materialized
{%- endmacro %}


{% macro duckdb__value_of_first(value, order_by) -%}
    {#-
        By one sort key per row, in the memory of one row per group. A row(…) as the key takes half as long again, `first(… order by …)` and
        array_agg keep all rows of all groups until they sort them.
    -#}
    {%- set keys = [] -%}
    {%- for key in order_by | map('trim') -%}
        {%- set is_descending = key.lower().endswith(' desc') -%}
        {%- do keys.append((key[:-5] if is_descending else key) ~ ", '" ~ ('DESC' if is_descending else 'ASC') ~ " NULLS LAST'") -%}
    {%- endfor -%}
    arg_min_null({{ value }}, create_sort_key({{ keys | join(', ') }}))
{%- endmacro %}


{% macro duckdb__median_and_p90(value) -%}
    percentile_cont(array[0.5, 0.9]) within group (order by {{ value }})
{%- endmacro %}


{% macro duckdb__array_item(array, number) -%}
    {{ array }}[{{ number }}]
{%- endmacro %}


{% macro duckdb__seconds_between(starts_at, ends_at) -%}
    ((epoch_us({{ ends_at }}) - epoch_us({{ starts_at }})) / 1e6)
{%- endmacro %}


{% macro duckdb__add_seconds(moment, seconds) -%}
    ({{ moment }} + ({{ seconds }}) * interval '1' second)
{%- endmacro %}


{% macro duckdb__outermost_moment(sign) -%}
    cast('{{ '-' if sign == '-' }}infinity' as timestamp)
{%- endmacro %}


{% macro duckdb__date_series(first_day, last_day) -%}
    select cast(series.day_starts_at as date) as date_day
    from generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1' day
    ) as series (day_starts_at)
{%- endmacro %}


{% macro duckdb__in_other_zone(moment, zone, other_zone) -%}
    ({{ moment }} at time zone {{ zone }} at time zone {{ other_zone }})
{%- endmacro %}


{% macro duckdb__source_types(relation) %}
    {% set types = {} %}
    {% for column in run_query('describe select * from ' ~ relation) %}
        {% do types.update({column[0] | lower: column[1] | lower}) %}
    {% endfor %}
    {{ return(types) }}
{% endmacro %}


{% macro duckdb__check_types(table, relation, columns, found_types) %}
    {#- Nothing: a column of any type passes where each of its values fits (check_values()). CSV is all text, an empty column has any type. -#}
    {{ return([]) }}
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


{% macro duckdb__unfit_value(column, type, found_type) %}
    {%- if holds_as_it_is(type, found_type) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set value = "nullif(cast(" ~ column ~ " as varchar), '')" -%}
    {%- set converted = text_as(type, value, 'try_cast') -%}
    {%- set lost = [converted ~ ' is null'] -%}
    {%- if type in ['integer', 'money'] and found_type in ['double', 'float'] -%}
        {#- A binary fraction has no exact decimals. -#}
        {%- do lost.append("abs(cast(" ~ converted ~ " as double) - " ~ column ~ ") > 1e-6") -%}
    {%- elif type == 'integer' -%}
        {%- do lost.append("not regexp_full_match(" ~ value ~ ", ' *[+-]?[0-9]+([.]0*)? *')") -%}
    {%- elif type == 'money' -%}
        {%- do lost.append("not regexp_full_match(" ~ value ~ ", ' *[+-]?([0-9]+([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*) *')") -%}
    {%- elif type == 'double' -%}
        {#- DuckDB reads 1_0 as 10. -#}
        {%- do lost.append("contains(" ~ value ~ ", '_')") -%}
    {%- endif -%}
    {{ return(value ~ ' is not null and (' ~ lost | join(' or ') ~ ')') }}
{% endmacro %}


{% macro duckdb__pii_key() %}
    {#- profiles.yml sets the variable from DBT_ENV_SECRET_PII_KEY; to an empty text where that isn't set. -#}
    {{ return("nullif(getvariable('closed_loop_pii_key'), '')") }}
{% endmacro %}


{% macro duckdb__pii_key_variable() %}
    {{ return('DBT_ENV_SECRET_PII_KEY') }}
{% endmacro %}


{% macro duckdb__database_name_problem() %}
    {#-
        The catalog is called after the target's file. At such a name DuckDB, or dbt's adapter for it, would stop half-way and in its own words.
        None also for what is no file.
    -#}
    {% if modules.re.match('[A-Za-z]{2,}:', target.path) %}
        {{ return(none) }}
    {% endif %}
    {#- The adapter reads the path as a URL, and loses a blank that begins it, control characters, and what stands behind `?`, `#` or `;`. -#}
    {% set is_plain = modules.re.fullmatch('(?! )[^\x00-\x1f\x7f?#;]*', target.path) and modules.re.fullmatch('[^\'"\\\\]+', target.database) %}
    {% if is_plain and target.database | lower not in ['main', 'system', 'temp'] %}
        {{ return(none) }}
    {% endif %}
    {{ return(
        "CLOSED_LOOP_DUCKDB '" ~ target.path ~ "' can't be used, because DuckDB calls a database after its file. Choose a path without ? # ; and control characters "
        ~ "that begins with no blank, and a file name without quotes that is not main, system or temp before its first dot, such as closed_loop.duckdb."
    ) }}
{% endmacro %}


{% macro duckdb__session_problems() %}
    {#- Nothing: profiles.yml sets the time zone, and no other setting counts. -#}
    {{ return([]) }}
{% endmacro %}


{% macro duckdb__planner_settings() -%}
    {#- Nothing: DuckDB joins by hash. -#}
{%- endmacro %}


{% macro duckdb__replaces_rows() %}
    {{ return(true) }}
{% endmacro %}


{% macro duckdb__reads_files() %}
    {{ return(true) }}
{% endmacro %}


{% macro duckdb__is_shared_database() %}
    {#- One process writes a file at a time; there are no roles, and a view stays when its table is replaced. -#}
    {{ return(false) }}
{% endmacro %}
