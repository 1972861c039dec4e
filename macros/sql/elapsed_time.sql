{% macro seconds_between(starts_at, ends_at) -%}
    {#-
        Elapsed seconds from one moment to another: a double, negative where the end is earlier, NULL where either is
        NULL. Never a count of boundaries crossed, which is what dbt.datediff() gives.
        starts_at, ends_at: SQL expressions of type timestamp.
    -#}
    {{ adapter.dispatch('seconds_between', 'closed_loop')(starts_at, ends_at) }}
{%- endmacro %}

{% macro default__seconds_between(starts_at, ends_at) -%}
    cast(extract(epoch from ({{ ends_at }} - {{ starts_at }})) as {{ type_double() }})
{%- endmacro %}

{% macro duckdb__seconds_between(starts_at, ends_at) -%}
    ((epoch_us({{ ends_at }}) - epoch_us({{ starts_at }})) / 1e6)
{%- endmacro %}


{% macro minutes_between(starts_at, ends_at) -%}
    {#- Elapsed minutes, by seconds_between(): the same types, signs and NULLs. -#}
    ({{ seconds_between(starts_at, ends_at) }} / 60)
{%- endmacro %}


{% macro add_seconds(moment, seconds) -%}
    {#-
        The moment that lies so many elapsed seconds later: a timestamp, NULL where either is NULL.
        moment: SQL expression of type timestamp. seconds: number or numeric SQL expression, fractions allowed.
    -#}
    {{ adapter.dispatch('add_seconds', 'closed_loop')(moment, seconds) }}
{%- endmacro %}

{% macro default__add_seconds(moment, seconds) -%}
    ({{ moment }} + ({{ seconds }}) * interval '1' second)
{%- endmacro %}
