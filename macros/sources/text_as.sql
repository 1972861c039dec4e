{% macro text_as(type, text, cast='cast') -%}
    {#-
        A text as a value of a contract type, NULL where it is NULL. Only DuckDB reads other types by way of their text.
        type: a contract type. text: SQL expression of type text. cast: `cast`, an error where it isn't a value of the type, or
        `try_cast`, NULL there.
    -#}
    {%- if type == 'timestamp' -%}
        {{ text_as_timestamp(text, cast) }}
    {%- elif type == 'date' -%}
        {#- A midnight is a date that another tool wrote as a moment. -#}
        {{ cast }}(case
            when regexp_full_match({{ text }}, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.]0+)?)?)?') then left({{ text }}, 10)
            else {{ text }} || ' is no date'
        end as date)
    {%- else -%}
        {{ cast }}({{ text }} as {{ sql_type(type) }})
    {%- endif -%}
{%- endmacro %}


{% macro text_as_timestamp(text, cast='cast') -%}
    {#-
        A text as a UTC timestamp; NULL and errors as text_as(). One pattern says what is read: an ISO 8601 date, alone (its midnight) or with
        a time of day behind `T` or a blank, seconds and a fraction of six decimals (beyond them zeros) if need be, and, behind a time, `Z` or
        an offset up to 14 hours, with or without colon and blank, which is converted. Engines write infinite moments as two words.
        cast: `cast`, an error where it is no such value, or `try_cast`, NULL there.
    -#}
    {%- set day = '[0-9]{4}-[0-9]{2}-[0-9]{2}' -%}
    {%- set time = '[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?' -%}
    {%- set offset = ' ?[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?)' -%}
    {%- set written = "replace(regexp_extract(" ~ text ~ ", '[+-][0-9:]+$'), ':', '')" -%}
    case
        when {{ text }} in ('infinity', '-infinity') or regexp_full_match({{ text }}, '{{ day }}({{ time }}( ?Z)?)?')
            then {{ cast }}(rtrim({{ text }}, ' Z') as timestamp)
        when regexp_full_match({{ text }}, '{{ day }}{{ time }}{{ offset }}') then
            {{ cast }}(left({{ text }}, length({{ text }}) - length(regexp_extract({{ text }}, ' ?[+-][0-9:]+$'))) as timestamp)
            - to_minutes(
                try_cast(left({{ written }}, 1) || '1' as integer)
                * (60 * try_cast(substr({{ written }}, 2, 2) as integer) + coalesce(try_cast(substr({{ written }}, 4, 2) as integer), 0))
            )
        else {{ cast }}({{ text }} || ' is no timestamp' as timestamp)
    end
{%- endmacro %}
