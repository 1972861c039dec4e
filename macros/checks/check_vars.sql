{% macro check_vars() %}
    {#- What is wrong with the project's vars (README, "Settings"). Returns: list of sentences, empty where all is well. -#}
    {% set problems = [] %}
    {% if var('reporting_timezone') not in modules.pytz.all_timezones_set %}
        {% do problems.append("reporting_timezone '" ~ var('reporting_timezone') ~ "' is no IANA time zone. Use a name such as UTC, Europe/Rome or America/New_York.") %}
    {% endif %}
    {% if not modules.re.fullmatch('[A-Z]{3}', var('reporting_currency') | string) %}
        {% do problems.append("reporting_currency '" ~ var('reporting_currency') ~ "' is no currency code. Use three capital letters, such as USD.") %}
    {% endif %}
    {% if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', var('history_start') | string) %}
        {% do problems.append("history_start '" ~ var('history_start') ~ "' is no date. Write it as YYYY-MM-DD.") %}
    {% endif %}
    {% if var('as_of') is not none and not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?(Z|[+]00:?00)?', var('as_of') | string) %}
        {% do problems.append("as_of '" ~ var('as_of') ~ "' is no UTC timestamp. Write it as 'YYYY-MM-DD HH:MM:SS', without an offset.") %}
    {% endif %}
    {% for name in ['quiet_hours_start', 'quiet_hours_end'] if not modules.re.fullmatch('1?[0-9]|2[0-4]', var(name) | string) %}
        {% do problems.append(name ~ " '" ~ var(name) ~ "' is no hour. Use a whole number from 0 to 24.") %}
    {% endfor %}
    {% for name in ['clock_skew_minutes', 'writeback_timeout_minutes', 'settling_hours'] if not modules.re.fullmatch('[0-9]+([.][0-9]+)?', var(name) | string) %}
        {% do problems.append(name ~ " '" ~ var(name) ~ "' is no duration. Use a number of 0 or more.") %}
    {% endfor %}
    {% for name in ['min_sample', 'baseline_weeks'] if not modules.re.fullmatch('[0-9]+', var(name) | string) %}
        {% do problems.append(name ~ " '" ~ var(name) ~ "' is no count. Use a whole number of 0 or more.") %}
    {% endfor %}
    {% if not modules.re.fullmatch('([a-z][a-z0-9_]*)?', (var('schema_prefix') or '') | string) %}
        {% do problems.append("schema_prefix '" ~ var('schema_prefix') ~ "' can't begin a schema's name. Use small letters, digits and underscores, such as dev_.") %}
    {% endif %}
    {% for kind in ['events', 'reference'] %}
        {% if var(kind ~ '_path') and var(kind ~ '_schema') %}
            {% do problems.append(kind ~ "_path and " ~ kind ~ "_schema are both set. Set one of them.") %}
        {% elif var(kind ~ '_path') and target.type != 'duckdb' %}
            {% do problems.append(kind ~ "_path is read by DuckDB only, and the target is " ~ target.type ~ ". Load the tables into the database and set " ~ kind ~ "_schema.") %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}
