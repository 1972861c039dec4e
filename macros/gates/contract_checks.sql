{% macro contract_checks(moment) %}
    {#-
        What the contract gate measures on the staged raw events, before a build. A check has either `measures`, a query of
        `thing` and `measured` whose figure has limits in gates/thresholds.yml, or `rows`, a query of what may not be there at
        all; `thing` names what is wrong. `examples` shows some of the rows behind a measure, by the same `thing`.
        moment: the moment that freshness is counted to, as SQL. Returns: dict check -> dict of queries.
    -#}
    {% set checks = {} %}
    {% for check, ends in {
        'missing_keys': ['missing_key', 'missing_timestamp'],
        'timestamps': ['from_the_future', 'before_history'],
        'values': ['invalid_value'],
        'lookups': ['unknown_workflow', 'unknown_currency'],
        'orphans': ['orphan_case', 'orphan_reference'],
    }.items() %}
        {% set condition = "quarantine_reason in ('" ~ ends | join("', '") ~ "')" %}
        {% do checks.update({check: {'measures': share_of_raw_rows(condition), 'examples': example_raw_rows(condition)}}) %}
    {% endfor %}
    {% do checks.update({
        'enumerations': {'measures': share_outside_set(), 'examples': none},
        'duplicates': {'measures': share_of_raw_rows("row_status = 'duplicate'"), 'examples': none},
        'quarantine': {
            'measures': share_of_raw_rows("row_status = 'quarantined'"),
            'examples': example_raw_rows("row_status = 'quarantined'"),
        },
        'empty_tables': {'measures': raw_rows_per_table(), 'examples': none},
        'volume': {'measures': volume_against_past_weeks(), 'examples': none},
        'silent_days': {'measures': silent_days(), 'examples': none},
        'freshness': {'measures': hours_since_last_load(moment), 'examples': none},
        'table_freshness': {'measures': hours_since_last_load_per_table(moment), 'examples': none},
    }) %}
    {{ return(checks) }}
{% endmacro %}


{% macro visible_rows(table) -%}
    {#- The raw rows of an event table that can be seen at as_of, as a from-item. table: an event table. -#}
    (select * from ({{ raw_rows('events', table) }}) as raw_rows where {{ is_visible() }}) as visible_rows
{%- endmacro %}


{% macro share_of_raw_rows(condition) %}
    {#- Per event table, the share of its visible raw rows that fulfil a condition on base_events__*, which no ordinary row does; NULL for an empty table. -#}
    {%- for table in event_contract() %}
    select
        '{{ table }}' as thing,
        {{ rate('counted.row_count', '(select count(*) from ' ~ visible_rows(table) ~ ')') }} as measured,
        counted.row_count
    from (select count(*) as row_count from {{ ref('base_events__' ~ table) }} where {{ condition }}) as counted
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{% macro example_raw_rows(condition) %}
    {#- Up to three raw rows per event table and reason that fulfil a condition on base_events__*. -#}
    with numbered as (
        {%- for table in event_contract() %}
        select
            '{{ table }}' as thing,
            coalesce(quarantine_reason, row_status) as why,
            event_id,
            case_id,
            occurred_at,
            row_number() over (
                partition by quarantine_reason, row_status
                order by {{ byte_order('event_id') }}, loaded_at, {{ byte_order('case_id') }}, occurred_at
            ) as example_number
        from {{ ref('base_events__' ~ table) }}
        where {{ condition }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )

    select
        thing,
        why,
        event_id,
        case_id,
        occurred_at
    from numbered
    where example_number <= 3
{% endmacro %}


{% macro share_outside_set() %}
    {#- Per column with an enumeration, the share of visible raw rows with another value, and the least of those values. -#}
    {%- set selects = [] -%}
    {%- for table, columns in event_contract().items() -%}
        {%- for column, spec in columns.items() if column_type(spec).accepted_values -%}
            {%- set type = column_type(spec) -%}
            {%- set listed = type.accepted_values + ([''] if type.is_nullable else []) -%}
            {%- set outside = "coalesce(" ~ column ~ ", '') not in ('" ~ listed | join("', '") ~ "')" -%}
            {%- do selects.append(
                "select '" ~ table ~ "." ~ column ~ "' as thing, "
                ~ rate("count(case when " ~ outside ~ " then 1 end)", "count(*)") ~ " as measured, "
                ~ "count(case when " ~ outside ~ " then 1 end) as row_count, "
                ~ "min(case when " ~ outside ~ " then coalesce(" ~ column ~ ", '(null)') end) as such_as "
                ~ "from " ~ visible_rows(table)
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ selects | join('\nunion all\n') }}
{% endmacro %}


{% macro raw_rows_per_table() %}
    {#- Per event table, the number of its visible raw rows. -#}
    {%- for table in event_contract() %}
    select
        '{{ table }}' as thing,
        count(*) as measured
    from {{ visible_rows(table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{% macro raw_rows_per_day() %}
    {#- Query: event table, local day and number of visible raw rows that occurred on it; infinite and lost moments have no day. -#}
    {%- set history_start = "cast(" ~ text_literal(var("history_start")) ~ " as timestamp)" %}
    {%- for table in event_contract() %}
    select
        '{{ table }}' as thing,
        {{ local_date('occurred_at') }} as day,
        count(*) as row_count
    from {{ visible_rows(table) }}
    where occurred_at >= {{ history_start }} and occurred_at < cast('{{ end_of_moments() }}' as timestamp)
    group by {{ local_date('occurred_at') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{% macro volume_against_past_weeks() %}
    {#-
        Per event table, the rows of the last complete local week ÷ those of an average week of the baseline_weeks before it. Tables
        with fewer than min_sample rows in such a week are left out.
    -#}
    {%- set weeks = [var('baseline_weeks') | int, 1] | max -%}
    {%- set last_week = add_days(local_week(as_of()), -7) -%}
    with days as ({{ raw_rows_per_day() }}),

    weekly as (
        select
            thing,
            coalesce(sum(case when day >= {{ last_week }} and day < {{ add_days(last_week, 7) }} then row_count end), 0) as last_rows,
            {{ rate('sum(case when day >= ' ~ add_days(last_week, -7 * weeks) ~ ' and day < ' ~ last_week ~ ' then row_count end)', weeks) }} as past_rows
        from days
        group by thing
    )

    select
        thing,
        {{ rate('last_rows', 'past_rows') }} as measured,
        last_rows as row_count,
        cast(round(past_rows) as {{ dbt.type_bigint() }}) as average_before
    from weekly
    where past_rows >= {{ var('min_sample') | int }}
{% endmacro %}


{% macro silent_days() %}
    {#-
        Per event table, the days among the 7 before the local day of as_of without a row, although the same weekday had rows in each of the
        four weeks before, min_sample in all. A lost partition shows here.
    -#}
    {%- set today = local_date(as_of()) -%}
    with days as ({{ raw_rows_per_day() }}),

    expected as (
        select
            thing,
            row_count,
            case
                {%- for week in [1, 2, 3, 4] %}
                when day >= {{ add_days(today, -7 * (week + 1)) }} and day < {{ add_days(today, -7 * week) }} then {{ add_days('day', 7 * week) }}
                {%- endfor %}
            end as day
        from days
        where day >= {{ add_days(today, -35) }} and day < {{ add_days(today, -7) }}
    ),

    always as (
        select
            thing,
            day
        from expected
        group by thing, day
        having count(*) = 4 and sum(row_count) >= {{ var('min_sample') | int }}
    )

    select
        always.thing,
        count(case when days.day is null then 1 end) as measured,
        min(case when days.day is null then always.day end) as first_day
    from always
    left join days on always.thing = days.thing and always.day = days.day
    group by always.thing
{% endmacro %}


{% macro hours_since_last_load(moment) %}
    {#- The hours from the last loaded_at of any event table to a moment. moment: SQL expression of type timestamp. -#}
    select
        'any table' as thing,
        {{ rate(seconds_between('max(loads.last_loaded_at)', moment), 3600) }} as measured,
        max(loads.last_loaded_at) as last_loaded_at,
        {{ moment }} as as_of
    from ({{ last_loads() }}) as loads
{% endmacro %}


{% macro hours_since_last_load_per_table(moment) %}
    {#- Per event table with rows, the hours from its last loaded_at to a moment. moment: SQL expression of type timestamp. -#}
    select
        loads.thing,
        {{ rate(seconds_between('loads.last_loaded_at', moment), 3600) }} as measured,
        loads.last_loaded_at,
        {{ moment }} as as_of
    from ({{ last_loads() }}) as loads
    where loads.last_loaded_at is not null
{% endmacro %}


{% macro last_loads() %}
    {#- Query: event table and its last loaded_at, NULL for one without; an infinite moment is none. -#}
    {%- for table in event_contract() %}
    select
        '{{ table }}' as thing,
        max(case when loaded_at >= cast('0001-01-01' as timestamp) then loaded_at end) as last_loaded_at
    from {{ visible_rows(table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}
