{% macro as_of() -%}
    {#-
        The moment that everything is computed for, as a scalar subquery of type timestamp: the var `as_of`, by default the
        greatest loaded_at over all event tables; NULL where there is no row at all.
    -#}
    (select run.as_of from {{ ref('stg_events__as_of') }} as run)
{%- endmacro %}


{% macro as_of_literal() -%}
    {#- The var `as_of` as a timestamp literal. Only stg_events__as_of asks for it; everything else reads as_of(). -#}
    cast({{ text_literal(var("as_of") | string | replace("T", " ") | replace("Z", "") | replace("+00:00", "")) }} as timestamp)
{%- endmacro %}
