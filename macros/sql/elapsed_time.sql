{% macro minutes_between(starts_at, ends_at) -%}
    {#- Elapsed minutes, by seconds_between(): the same types, signs and NULLs. starts_at, ends_at: SQL expression of type timestamp (UTC). -#}
    ({{ seconds_between(starts_at, ends_at) }} / 60)
{%- endmacro %}
