{% macro to_local(moment) -%}
    {#-
        A UTC timestamp as wall-clock time in the reporting time zone (var reporting_timezone): a timestamp without zone,
        NULL where it is NULL. moment: SQL expression of type timestamp.
    -#}
    {%- if var('reporting_timezone') == 'UTC' -%}
        {{ moment }}
    {%- else -%}
        {{ in_other_zone(moment, 'UTC', var('reporting_timezone')) }}
    {%- endif -%}
{%- endmacro %}


{% macro to_utc(local_moment) -%}
    {#-
        Wall-clock time in the reporting time zone as a UTC timestamp: the inverse of to_local(). A local time that a
        clock change skips or doubles has no single answer; local midnights, which this is used for, are assumed to exist.
        local_moment: SQL expression of type timestamp or date.
    -#}
    {%- if var('reporting_timezone') == 'UTC' -%}
        cast({{ local_moment }} as timestamp)
    {%- else -%}
        {{ in_other_zone('cast(' ~ local_moment ~ ' as timestamp)', var('reporting_timezone'), 'UTC') }}
    {%- endif -%}
{%- endmacro %}


{% macro local_date(moment) -%}
    {#- The local calendar date of a UTC timestamp: a date, NULL where it is NULL. moment: SQL expression of type timestamp (UTC). -#}
    cast({{ to_local(moment) }} as date)
{%- endmacro %}


{% macro local_week(moment) -%}
    {#- The Monday of the local week of a UTC timestamp: a date, NULL where it is NULL. moment: SQL expression of type timestamp (UTC). -#}
    cast({{ dbt.date_trunc('week', to_local(moment)) }} as date)
{%- endmacro %}


{% macro local_month(moment) -%}
    {#- The first day of the local month of a UTC timestamp: a date, NULL where it is NULL. moment: SQL expression of type timestamp (UTC). -#}
    cast({{ dbt.date_trunc('month', to_local(moment)) }} as date)
{%- endmacro %}


{% macro local_hour(moment) -%}
    {#- The whole local hour, 0 to 23, of a UTC timestamp: an integer, NULL where it is NULL. moment: SQL expression of type timestamp (UTC). -#}
    cast(extract(hour from {{ to_local(moment) }}) as integer)
{%- endmacro %}


{% macro is_quiet_hour(moment) -%}
    {#-
        Whether a UTC timestamp lies in quiet hours (vars quiet_hours_start, quiet_hours_end; specification, dbt vars):
        a boolean, NULL where it is NULL. The window may run over midnight; equal bounds switch the rule off.
        moment: SQL expression of type timestamp (UTC).
    -#}
    {%- set starts = var('quiet_hours_start') | int -%}
    {%- set ends = var('quiet_hours_end') | int -%}
    {%- if starts == ends -%}
        false
    {%- else -%}
        ({{ local_hour(moment) }} >= {{ starts }} {{ 'or' if starts > ends else 'and' }} {{ local_hour(moment) }} < {{ ends }})
    {%- endif -%}
{%- endmacro %}
