{% macro check_vars() %}
    {#- What is wrong with the project's vars (docs/settings.md). Returns: list of sentences, empty where all is well. -#}
    {% set problems = check_names() %}
    {% if var('reporting_timezone') | string not in modules.pytz.all_timezones_set %}
        {% do problems.append("reporting_timezone '" ~ var('reporting_timezone') ~ "' is no IANA time zone. Use a name such as UTC, Europe/Rome or America/New_York.") %}
    {% endif %}
    {% if not modules.re.fullmatch('[A-Z]{3}', var('reporting_currency') | string) %}
        {% do problems.append("reporting_currency '" ~ var('reporting_currency') ~ "' is no currency code. Use three capital letters, such as USD.") %}
    {% endif %}
    {% if not is_calendar_date(var('history_start') | string) %}
        {% do problems.append("history_start '" ~ var('history_start') ~ "' is no date. Write it as YYYY-MM-DD.") %}
    {% endif %}
    {% set as_of = given_as_of() | string %}
    {% set time_of_day = '([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?)?(Z|[+]00:?00)?' %}
    {% if given_as_of() is not none and not (is_calendar_date(as_of[:10]) and modules.re.fullmatch(time_of_day, as_of[10:])) %}
        {% do problems.append("as_of '" ~ as_of ~ "' is no UTC timestamp. Write it as 'YYYY-MM-DD HH:MM:SS', without an offset.") %}
    {% endif %}
    {% if given_as_of() is not none and as_of[:10] >= end_of_moments() %}
        {% do problems.append("as_of '" ~ as_of ~ "' is no moment to compute for. Name one before " ~ end_of_moments() ~ ".") %}
    {% endif %}
    {% for name in ['quiet_hours_start', 'quiet_hours_end'] if not modules.re.fullmatch('1?[0-9]|2[0-4]', var(name) | string) %}
        {% do problems.append(name ~ " '" ~ var(name) ~ "' is no hour. Use a whole number from 0 to 24.") %}
    {% endfor %}
    {#- Far beyond what anybody needs, and far below what a date can take. -#}
    {% for name, most in {'clock_skew_minutes': 525600, 'writeback_timeout_minutes': 525600, 'settling_hours': 8760}.items() %}
        {% if not modules.re.fullmatch('[0-9]+([.][0-9]+)?', var(name) | string) or var(name) | string | float > most %}
            {% do problems.append(name ~ " '" ~ var(name) ~ "' is no duration. Use a number of " ~ name.split('_') | last ~ " from 0 to " ~ most ~ ", which is a year.") %}
        {% endif %}
    {% endfor %}
    {% for name, most in {'min_sample': 1000000, 'baseline_weeks': 520}.items() %}
        {% if not modules.re.fullmatch('[0-9]+', var(name) | string) or var(name) | string | float > most %}
            {% do problems.append(name ~ " '" ~ var(name) ~ "' is no count. Use a whole number from 0 to " ~ most ~ ".") %}
        {% endif %}
    {% endfor %}
    {% if var('allow_other_events') is not boolean %}
        {% do problems.append("allow_other_events '" ~ var('allow_other_events') ~ "' is neither true nor false.") %}
    {% endif %}
    {% do problems.extend(session_problems()) %}
    {% do problems.extend(pii_problems()) %}
    {% for name in ['events_path', 'reference_path'] if var(name) and var(name) is not string %}
        {% do problems.append(name ~ " '" ~ var(name) ~ "' is no text. Name one folder or bucket URL.") %}
    {% endfor %}
    {% for name in ['events_schema', 'reference_schema'] if var(name) and not is_schema_name(var(name)) %}
        {% do problems.append(name ~ " '" ~ var(name) ~ "' is no schema's name that can be used. Name one without quotes, backslashes and control characters.") %}
    {% endfor %}
    {% if not is_list_of_roles(var('reader_roles')) %}
        {% do problems.append("reader_roles '" ~ var('reader_roles') ~ "' is no list of roles. Write it as [bi, finance], of names without quotes, backslashes and control characters.") %}
    {% elif var('reader_roles') and unknown_roles() %}
        {% do problems.append("reader_roles names what is no role of the database: " ~ unknown_roles() | join(', ') ~ ". Create it, or correct the name; capital letters count.") %}
    {% endif %}
    {% for kind in ['events', 'reference'] %}
        {% if var(kind ~ '_path') and var(kind ~ '_schema') %}
            {% do problems.append(kind ~ "_path and " ~ kind ~ "_schema are both set. Set one of them.") %}
        {% elif var(kind ~ '_path') and not reads_files() %}
            {% do problems.append(kind ~ "_path is read by DuckDB only, and the target is " ~ target.name ~ ". Load the tables into the database and set " ~ kind ~ "_schema.") %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro is_schema_name(name) %}
    {#- Whether a var can name a schema or a role: a text without what dbt's adapters don't escape. Returns: boolean. -#}
    {{ return(name is string and modules.re.fullmatch('[^\x00-\x1f\x7f\'"\\\\]+', name) is not none) }}
{% endmacro %}


{% macro is_list_of_roles(value) %}
    {#- Whether a var can say which roles read the public tables: a list of names, or none. Returns: boolean. value: the var's value. -#}
    {% if value is none %}
        {{ return(true) }}
    {% endif %}
    {% if value is string or value is mapping or value is not sequence %}
        {{ return(false) }}
    {% endif %}
    {% set unfit = [] %}
    {% for name in value if not is_schema_name(name) %}
        {% do unfit.append(name) %}
    {% endfor %}
    {{ return(not unfit) }}
{% endmacro %}


{% macro is_calendar_date(text) %}
    {#- Whether a text is a date of the calendar, written as YYYY-MM-DD. Returns: boolean. -#}
    {% if not modules.re.fullmatch('[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', text) %}
        {{ return(false) }}
    {% endif %}
    {#- The 31st of a month of 30 days would be the 1st of the next one. -#}
    {% set first_of_month = modules.datetime.date(text[:4] | int, text[5:7] | int, 1) %}
    {{ return((first_of_month + modules.datetime.timedelta(days=(text[8:] | int) - 1)) | string == text) }}
{% endmacro %}
