{% macro as_of() -%}
    {#-
        The moment that everything is computed for, as a scalar subquery of type timestamp: given_as_of(), by default the
        greatest loaded_at over all event tables before end_of_moments(); NULL where there is none.
    -#}
    (select run.as_of from {{ ref('stg_events__as_of') }} as run)
{%- endmacro %}


{% macro given_as_of() %}
    {#-
        The moment that everything is to be computed for, as it was given: the var `as_of`, else the environment variable CLOSED_LOOP_AS_OF,
        whose change doesn't make dbt parse the whole project again. Returns: string, none where neither is set.
    -#}
    {% set given = var('as_of') if var('as_of') is not none else env_var('CLOSED_LOOP_AS_OF', '') or none %}
    {{ return(given if given is none else given | string) }}
{% endmacro %}


{% macro end_of_moments() %}
    {#- The date from which on a loaded_at is a sentinel, and no as_of. Returns: string. -#}
    {{ return('2100-01-01') }}
{% endmacro %}


{% macro as_of_literal() -%}
    {#- given_as_of() as a timestamp literal. Only stg_events__as_of asks for it; everything else reads as_of(). -#}
    cast({{ text_literal(given_as_of() | replace("T", " ") | replace("Z", "") | replace("+00:00", "")) }} as timestamp)
{%- endmacro %}


{% macro times_out_at(moment) -%}
    {#- When a writeback that should have been acknowledged, or attempted, since a moment has failed. moment: SQL expression of type timestamp. -#}
    {{ add_seconds(moment, 60 * var('writeback_timeout_minutes') | float) }}
{%- endmacro %}
