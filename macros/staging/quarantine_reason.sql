{% macro quarantine_reason(table, unknown={}) -%}
    {#-
        Why a raw row is quarantined when it is looked at on its own: the first rule that holds, NULL where none does.
        Expects the row under the alias `raw_rows`.
        table: an event table. unknown: dict of reason -> condition for the rules that look something up.
    -#}
    {%- set columns = event_contract()[table] -%}
    {%- set latest = add_seconds('raw_rows.loaded_at', 60 * var('clock_skew_minutes') | float) -%}
    case
        when {{ is_blank('raw_rows.event_id') }} or {{ is_blank('raw_rows.case_id') }} then 'missing_key'
        when raw_rows.occurred_at is null or raw_rows.loaded_at is null then 'missing_timestamp'
        when
            raw_rows.occurred_at > {{ latest }}
            {%- if 'ended_at' in columns %}
            or raw_rows.ended_at > {{ latest }}
            {%- endif %}
            then 'from_the_future'
        when raw_rows.occurred_at < cast({{ text_literal(var("history_start")) }} as timestamp) then 'before_history'
        {%- for column, spec in columns.items() %}
        {%- set condition = invalid_condition(column, spec) | trim %}
        {%- if condition %}
        when {{ condition }} then 'invalid_value'
        {%- endif %}
        {%- endfor %}
        {%- for reason, condition in unknown.items() %}
        when {{ condition }} then '{{ reason }}'
        {%- endfor %}
    end
{%- endmacro %}


{% macro is_blank(text) -%}
    {#- Whether a text is null or empty, which counts as null. text: SQL expression of type text. -#}
    coalesce({{ text }}, '') = ''
{%- endmacro %}


{% macro invalid_condition(column, spec) -%}
    {#-
        The condition under which a raw column breaks its contract entry, empty where it can't: a null in a column that may not be null, a value
        outside its set, a number that is negative or that nothing can be meant by (largest_number()), an attempt before the first, an end or a
        due moment before the start or beyond the year 9999 (infinity is no moment). spec: its entry in event_contract().
    -#}
    {%- set type = column_type(spec) -%}
    {%- set value = 'raw_rows.' ~ column -%}
    {%- set is_absent = is_blank(value) if type.name == 'text' else value ~ ' is null' -%}
    {%- set broken = '' -%}
    {%- if column in ['event_id', 'case_id', 'occurred_at', 'loaded_at'] -%}
        {{ return('') }}
    {%- elif type.accepted_values -%}
        {%- set broken = value ~ " not in ('" ~ type.accepted_values | join("', '") ~ "')" -%}
    {%- elif type.name == 'timestamp' -%}
        {%- set broken = '(' ~ value ~ ' < raw_rows.occurred_at or ' ~ value ~ " > cast('9999-12-31 23:59:59.999999' as timestamp))" -%}
    {%- elif type.name in ['double', 'integer', 'money'] -%}
        {#- NaN is above any number, also for PostgreSQL's decimals. -#}
        {%- set broken = 'not (' ~ value ~ ' >= ' ~ (1 if column == 'attempt_number' else 0) ~ ' and ' ~ value ~ ' <= ' ~ largest_number(type.name) ~ ')' -%}
    {%- endif -%}
    {%- if not type.is_nullable -%}
        {{ is_absent }}{{ ' or ' ~ broken if broken }}
    {%- elif broken -%}
        not {{ is_absent }} and {{ broken }}
    {%- endif -%}
{%- endmacro %}


{% macro largest_number(type) -%}
    {#-
        The largest number of a contract type that an event may bring: one bad row must not make sums overflow.
        type: double (minutes), integer or money. Returns: an SQL literal.
    -#}
    {{ return({'double': '100000', 'integer': '1000000000', 'money': '9999999999999999.99'}[type]) }}
{%- endmacro %}


{% macro is_unknown_currency() -%}
    {#- The condition that `raw_rows.currency` has no rate on the local date of the event. Expects `first_rates`: each currency's first_date. -#}
    raw_rows.currency <> {{ text_literal(var('reporting_currency')) }}
    and coalesce({{ local_date('raw_rows.occurred_at') }} < first_rates.first_date, true)
{%- endmacro %}


{% macro tolerable_quarantine() %}
    {#- The share of an event table's rows that may be quarantined before a build warns. Returns: number. -#}
    {{ return(0.05) }}
{% endmacro %}
