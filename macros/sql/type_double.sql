{% macro type_double() -%}
    {#- The 64-bit floating point type. dbt.type_float() is 32 bits wide on DuckDB, so it does not serve. -#}
    {{ return(adapter.dispatch('type_double', 'closed_loop')()) }}
{%- endmacro %}

{% macro default__type_double() -%}
    {{ return('double precision') }}
{%- endmacro %}
