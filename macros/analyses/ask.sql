{% macro ask(name, default) -%}
    {#-
        The var that an analysis asks for, as text. name: of the var. default: its value where it isn't set.
        The vars of analyses begin with `ask_`. Their values are checked when the analysis itself is compiled, so that one made for
        one analysis doesn't stop another. Raises where a var was given that doesn't exist: the answer would be to another question.
    -#}
    {%- if execute -%}
        {%- do refuse(check_names()) -%}
    {%- endif -%}
    {{ return(var(name, default) | string) }}
{%- endmacro %}


{% macro ask_refuse(name, advice) -%}
    {#-
        Stop, and say which var is wrong and what to write instead. Nothing where the project is only parsed.
        name: name of the var. advice: what to write instead.
    -#}
    {%- if execute -%}
        {{ exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ var(name, '') ~ "'. " ~ advice) }}
    {%- endif -%}
{%- endmacro %}


{% macro ask_text(name, default) -%}
    {#- A var as a text literal, whatever is in it: quotes, semicolons, braces. name: name of the var. default: its value where the var isn't set. -#}
    {{ text_literal(ask(name, default)) }}
{%- endmacro %}


{% macro ask_kpi(default, kinds=none) -%}
    {#-
        The var ask_kpi_id as a text literal; an error where it is no KPI of these kinds.
        kinds: list of kinds of kpi_definitions(); none where any will do. default: a KPI where the var isn't set.
    -#}
    {%- set kpi_id = ask('ask_kpi_id', default) -%}
    {%- set allowed = [] -%}
    {%- for known, kpi in kpi_definitions().items() if kinds is none or kpi.kind in kinds -%}
        {%- do allowed.append(known) -%}
    {%- endfor -%}
    {%- if kpi_id not in allowed -%}
        {%- set what = 'the id of a KPI' if kinds is none else 'a KPI of kind ' ~ kinds | join(' or ') -%}
        {{ ask_refuse('ask_kpi_id', 'Use ' ~ what ~ ': ' ~ allowed | join(', ') ~ '.') }}
    {%- endif -%}
    {{ text_literal(kpi_id) }}
{%- endmacro %}


{% macro ask_week(name, default) -%}
    {#- A var as a date literal; an error where it is no date, or no Monday. name: name of the var. default: a Monday where the var isn't set. -#}
    {%- set week = ask(name, default) -%}
    {%- if not is_calendar_date(week) -%}
        {{ ask_refuse(name, "Write a date of the calendar as YYYY-MM-DD.") }}
    {%- else -%}
        {%- set day = modules.datetime.date(week[:4] | int, week[5:7] | int, week[8:] | int) -%}
        {%- if day.weekday() != 0 -%}
            {{ ask_refuse(name, "Weeks begin on Mondays; use " ~ (day - modules.datetime.timedelta(days=day.weekday())) ~ ".") }}
        {%- endif -%}
    {%- endif -%}
    cast({{ text_literal(week) }} as date)
{%- endmacro %}


{% macro ask_cohort_dimension(default, others=['all']) -%}
    {#-
        The var ask_cohort_dimension as it is, so that it can name a column; an error where it is neither a cohort dimension nor one
        of the others. others: list of further names. default: a dimension where the var isn't set. Returns: string.
    -#}
    {%- set dimension = ask('ask_cohort_dimension', default) -%}
    {%- if dimension not in others + cohort_dimensions() -%}
        {{ ask_refuse('ask_cohort_dimension', "Use one of " ~ (others + cohort_dimensions()) | join(", ") ~ ".") }}
    {%- endif -%}
    {{ return(dimension) }}
{%- endmacro %}


{% macro ask_is_in_cohort(dimension, case_alias) -%}
    {#-
        Whether a case is in the cohort of the var ask_cohort_value: a boolean, never null; true where the dimension is `all`. An error
        where the value is missing, or where it is set without a dimension.
        dimension: of ask_cohort_dimension(). case_alias: alias of a relation with the case's attributes.
    -#}
    {%- set cohort_value = var('ask_cohort_value', none) -%}
    {%- if dimension == 'all' -%}
        {%- if cohort_value not in [none, 'all'] -%}
            {{ ask_refuse('ask_cohort_value', "Set ask_cohort_dimension as well, or leave both out.") }}
        {%- endif -%}
        true
    {%- else -%}
        {%- if cohort_value is none -%}
            {{ ask_refuse('ask_cohort_value', "Set it to a value of " ~ dimension ~ ", or to (none).") }}
        {%- endif -%}
        coalesce({{ case_alias }}.{{ dimension }}, '(none)') = {{ text_literal(cohort_value | string) }}
    {%- endif -%}
{%- endmacro %}


{% macro ask_points(default) -%}
    {#- The var ask_points as a number literal: percentage points; an error where it isn't from 0 to 100. default: points, where the var isn't set. -#}
    {%- set points = ask('ask_points', default) -%}
    {%- if not modules.re.fullmatch('[0-9]{1,3}([.][0-9]+)?', points) or points | float > 100 -%}
        {{ ask_refuse('ask_points', "Use a number of percentage points from 0 to 100, such as 1 or 2.5.") }}
    {%- endif -%}
    cast({{ text_literal(points) }} as {{ type_double() }})
{%- endmacro %}
