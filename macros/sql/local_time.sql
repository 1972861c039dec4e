{% macro to_local(moment) -%}
    {#-
        A UTC timestamp as wall-clock time in the reporting time zone (var reporting_timezone): a timestamp without zone,
        NULL where it is NULL. moment: SQL expression of type timestamp.
    -#}
    {%- if var('reporting_timezone') == 'UTC' -%}
        {{ moment }}
    {%- else -%}
        {{ in_other_zone(moment, "'UTC'", text_literal(var('reporting_timezone'))) }}
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
        {{ in_other_zone('cast(' ~ local_moment ~ ' as timestamp)', text_literal(var('reporting_timezone')), "'UTC'") }}
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


{% macro is_quiet_hour(local_moment) -%}
    {#-
        Whether wall-clock time lies in quiet hours (vars quiet_hours_start, quiet_hours_end):
        a boolean, NULL where it is NULL. The window may run over midnight; equal bounds switch the rule off.
        local_moment: SQL expression of type timestamp.
    -#}
    {%- set starts = var('quiet_hours_start') | int -%}
    {%- set ends = var('quiet_hours_end') | int -%}
    {%- set hour = 'extract(hour from ' ~ local_moment ~ ')' -%}
    {%- if starts == ends -%}
        false
    {%- else -%}
        ({{ hour }} >= {{ starts }} {{ 'or' if starts > ends else 'and' }} {{ hour }} < {{ ends }})
    {%- endif -%}
{%- endmacro %}
