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
        One JSON object as text, from columns by their names. columns: list of column names.
        Engines write numbers and timestamps in their own way; the object parses to the same values.
    -#}
    {{ adapter.dispatch('json_object', 'closed_loop')(columns) }}
{%- endmacro %}

{% macro default__json_object(columns) -%}
    cast(json_object({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro postgres__json_object(columns) -%}
    cast(json_build_object({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro spark__json_object(columns) -%}
    to_json(named_struct({% for column in columns %}'{{ column }}', {{ column }}{{ ', ' if not loop.last }}{% endfor %}))
{%- endmacro %}
