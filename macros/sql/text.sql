{% macro byte_order(text) -%}
    {#-
        A text column for `order by`, `min` or `max`, compared byte by byte whatever the database's collation
        (specification, shared rules). text: SQL expression of type text.
    -#}
    {{ adapter.dispatch('byte_order', 'closed_loop')(text) }}
{%- endmacro %}

{% macro default__byte_order(text) -%}
    {{ text }}
{%- endmacro %}

{% macro postgres__byte_order(text) -%}
    {{ text }} collate "C"
{%- endmacro %}


{% macro json_object(columns) -%}
    {#-
        One JSON object as text, from columns by their names. columns: dict of column name -> its entry in event_contract().
        Engines write numbers and timestamps in their own way; the object parses to the same values. The doubles that JSON
        has no number for are texts: Infinity, -Infinity, NaN.
    -#}
    {{ adapter.dispatch('json_object', 'closed_loop')(columns) }}
{%- endmacro %}

{% macro default__json_object(columns) -%}
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

{% macro postgres__json_object(columns) -%}
    cast(json_build_object({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}) as {{ dbt.type_string() }})
{%- endmacro %}


{% macro sha256(text) -%}
    {#- SHA-256 of a text's bytes in UTF-8, as 64 hexadecimal digits; NULL where it is NULL. text: SQL expression of type text. -#}
    {{ adapter.dispatch('sha256', 'closed_loop')(text) }}
{%- endmacro %}

{% macro default__sha256(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro postgres__sha256(text) -%}
    encode(sha256(convert_to({{ text }}, 'UTF8')), 'hex')
{%- endmacro %}


{% macro text_literal(value) -%}
    {#- A text as an SQL literal that can't end before its end. value: string. -#}
    {{ adapter.dispatch('text_literal', 'closed_loop')(value) }}
{%- endmacro %}

{% macro default__text_literal(value) -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(value | string)) }}
{%- endmacro %}
