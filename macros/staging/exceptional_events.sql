{% macro exceptional_events(table, lookups='', unknown={}, reference={}) -%}
    {#-
        The CTEs and the query of the visible raw rows of an event table whose event_id is not simply that of one accepted row, each with its
        `row_status` (accepted, duplicate or quarantined) and, where quarantined, its `quarantine_reason`.
        A row depends on the rows of its own event_id and on its parents: where the table grows, the ids of new rows and of
        rows that wait for a parent are judged again.
        table: an event table.
        lookups: joins to `raw_rows` that the rules in `unknown` need; at most one match per row.
        unknown: dict of reason -> condition, for the rules that look something up.
        reference: what a row refers to within its case: dict of `column` -> its text column, `table` -> the event table that must have an accepted
        row with that value, `key` -> the column there. A row without a value refers to nothing.
    -#}
{#- What is_new() reads. -#}
{%- do [ref('build_log'), ref('build_reads')] -%}
{%- set columns = event_contract()[table] -%}
{%- set own_reason = quarantine_reason(table, unknown) -%}
{%- set is_orphan_case = 'triggered_cases.case_id is null' if table != 'case_triggers' else 'false' -%}
{%- set is_orphan_reference = 'raw_rows.' ~ reference.column ~ " <> '' and referenced.case_id is null" if reference else 'false' -%}
{%- set parents -%}
    {%- if table != 'case_triggers' %}
    left join triggered_cases on raw_rows.case_id = triggered_cases.case_id
    {%- endif %}
    {%- if reference %}
    left join referenced on raw_rows.case_id = referenced.case_id and raw_rows.{{ reference.column }} = referenced.{{ reference.key }}
    {%- endif %}
{%- endset -%}
visible_rows as {{ not_materialized() }} (
    select
        delivered.*,
        {{ event_key('delivered.event_id') }} as event_key
    from ({{ raw_rows('events', table) | indent(4) }}) as delivered
    where {{ is_visible('delivered.loaded_at') }}
),
{%- if is_incremental() %}

keys_to_judge as (
    select event_key from visible_rows
    where {{ is_new(table) }}
    union
    select event_key from {{ this }}
    where {{ is_waiting() }}
    -- Rows without an id are all judged again: nothing tells them apart.
    union
    select {{ event_key('null') }} as event_key
),
{%- endif %}

raw_rows as {{ stored_in_increments() }} (
    select * from visible_rows
    {%- if is_incremental() %}
    where event_key in (select keys_to_judge.event_key from keys_to_judge)
    {%- endif %}
),
{%- if table != 'case_triggers' %}

triggered_cases as (
    select case_id
    from {{ ref('stg_events__case_triggers') }}
    {%- if is_incremental() %}
    where case_id in (select raw_rows.case_id from raw_rows)
    {%- endif %}
    group by case_id
),
{%- endif %}
{%- if reference %}

referenced as (
    select
        case_id,
        {{ reference.key }}
    from {{ ref('stg_events__' ~ reference.table) }}
    {%- if is_incremental() %}
    where case_id in (select raw_rows.case_id from raw_rows)
    {%- endif %}
    group by case_id, {{ reference.key }}
),
{%- endif %}

-- One pass over all rows finds the few that need a closer look.
exceptional_keys as (
    select raw_rows.event_key
    from raw_rows
    {{ lookups }}
    {{ parents }}
    where
        {{ is_orphan_case }}
        or ({{ is_orphan_reference }})
        or {{ own_reason | indent(8) }} is not null

    union

    select event_key
    from raw_rows
    group by event_key
    having count(*) > 1
    {%- if is_incremental() %}

    -- What was exceptional is stored as it is now.
    union

    select event_key from {{ this }}
    {%- endif %}
),

judged as (
    select
        raw_rows.*,
        {{ own_reason | indent(8) }} as own_reason,
        case
            when {{ is_orphan_case }} then 'orphan_case'
            when {{ is_orphan_reference }} then 'orphan_reference'
        end as orphan_reason
    from raw_rows
    {{ lookups }}
    {{ parents }}
    where raw_rows.event_key in (select exceptional_keys.event_key from exceptional_keys)
),

deliveries as (
    select
        *,
        own_reason is null and row_number() over (
            partition by event_key, case when own_reason is null then 1 else 0 end
            order by
                loaded_at, occurred_at, {{ byte_order('case_id') }}
                {%- for column, spec in columns.items() if column not in ['event_id', 'case_id', 'occurred_at', 'loaded_at'] -%}
                , {{ byte_order(column) if column_type(spec).name == 'text' else column }} nulls last
                {%- endfor %}
        ) > 1 as is_repeated
    from judged
)

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    event_key,
    case when not is_repeated then coalesce(own_reason, orphan_reason) end as quarantine_reason,
    case
        when is_repeated then 'duplicate'
        when coalesce(own_reason, orphan_reason) is not null then 'quarantined'
        else 'accepted'
    end as row_status
from deliveries
{%- endmacro %}


{% macro accepted_events(table) -%}
    {#-
        The query of the accepted rows of an event table, with the contract's columns: the visible raw rows of every id that base_events__* doesn't list,
        and what it accepted of those that it lists. table: an event table.
    -#}
    select raw_rows.*
    from ({{ raw_rows('events', table) | indent(4) }}) as raw_rows
    where
        raw_rows.loaded_at <= {{ as_of() }}
        and {{ is_absent_from(event_key('raw_rows.event_id'), ref('base_events__' ~ table), 'event_key') }}

    union all

    select {{ event_contract()[table] | join(', ') }}
    from {{ ref('base_events__' ~ table) }}
    where row_status = 'accepted'
{%- endmacro %}


{% macro event_key(event_id) -%}
    {#- An event_id, or an empty text where it is missing. event_id: SQL expression of type text. -#}
    coalesce({{ event_id }}, '')
{%- endmacro %}


{% macro is_visible(loaded_at='loaded_at') -%}
    {#- Whether a raw row can be seen at as_of: a boolean. Without a time of loading it always can. loaded_at: SQL expression of type timestamp. -#}
    ({{ loaded_at }} is null or {{ loaded_at }} <= {{ as_of() }})
{%- endmacro %}


{% macro is_waiting() -%}
    {#- The condition that a row of base_events__* waits for a parent that may still come. -#}
    coalesce(quarantine_reason in ('orphan_case', 'orphan_reference'), false)
{%- endmacro %}
