{% macro classified_events(table, lookups='', unknown={}, parents='', is_orphan_reference='false') -%}
    {#-
        The CTEs and the query that give each visible raw row of an event table its `row_status` (accepted, duplicate or
        quarantined) and, where quarantined, its `quarantine_reason` (specification, "What happens to each raw row").
        table: an event table.
        lookups: joins to `raw_rows` that the rules in `unknown` need; at most one match per row.
        unknown: dict of reason -> condition, for the rules that look something up.
        parents: joins to `deliveries` that `is_orphan_reference` needs; at most one match per row.
        is_orphan_reference: condition under which a kept row refers to something that isn't there.
    -#}
{%- set columns = event_contract()[table] -%}
{%- set is_repeated = 'deliveries.delivery_number > 1' -%}
{%- if is_increment() -%}
    {%- set is_repeated = 'deliveries.own_reason is null and (deliveries.delivery_number > 1 or kept_before.event_id is not null)' -%}
{%- endif -%}
raw_rows as (
    select delivered.*
    from ({{ raw_rows('events', table) | indent(4) }}) as delivered
    where {{ is_new(table, 'delivered.loaded_at') }}
    {%- if is_increment() %}

    union all

    -- What they wait for may have come.
    select {{ columns | join(', ') }}
    from {{ this }}
    where {{ is_waiting() }} and loaded_at <= {{ watermark(table) }}
    {%- endif %}
),

judged as (
    select
        raw_rows.*,
        {{ quarantine_reason(table, unknown) | indent(8) }} as own_reason
    from raw_rows
    {{ lookups }}
    where raw_rows.loaded_at is null or raw_rows.loaded_at <= {{ as_of() }}
),

repeated_ids as (
    select event_id
    from judged
    where own_reason is null
    group by event_id
    having count(*) > 1
),

deliveries as (
    select
        judged.*,
        1 as delivery_number
    from judged
    left join repeated_ids on judged.event_id = repeated_ids.event_id
    where judged.own_reason is not null or repeated_ids.event_id is null

    union all

    select
        judged.*,
        row_number() over (
            partition by judged.event_id
            order by judged.loaded_at, judged.occurred_at, {{ byte_order('judged.case_id') }}
            {%- for column, spec in columns.items() if column not in ['event_id', 'case_id', 'occurred_at', 'loaded_at'] -%}
            , {{ byte_order('judged.' ~ column) if column_type(spec).name == 'text' else 'judged.' ~ column }} nulls last
            {%- endfor %}
        ) as delivery_number
    from judged
    inner join repeated_ids on judged.event_id = repeated_ids.event_id
    where judged.own_reason is null
),
{%- if is_increment() %}

-- With its conditions at the end: an engine that guesses how few rows they leave would hash the whole table instead of the new rows.
kept_before as (
    select event_id
    from {{ this }}
    where event_id in (select event_id from judged)
    group by event_id
    having bool_or(row_status = 'accepted' and loaded_at <= {{ watermark(table) }})
),
{%- endif %}
{%- if table != 'case_triggers' %}

triggered_cases as (
    select case_id
    from {{ ref('stg_events__case_triggers') }}
    {%- if is_increment() %}
    where case_id in (select judged.case_id from judged)
    {%- endif %}
    group by case_id
),
{%- endif %}

classified as (
    select
        deliveries.*,
        {{ is_repeated }} as is_repeated,
        case
            when deliveries.own_reason is not null then deliveries.own_reason
            when {{ is_repeated }} then null
            {%- if table != 'case_triggers' %}
            when triggered_cases.case_id is null then 'orphan_case'
            when {{ is_orphan_reference }} then 'orphan_reference'
            {%- endif %}
        end as quarantine_reason
    from deliveries
    {%- if table != 'case_triggers' %}
    left join triggered_cases on deliveries.case_id = triggered_cases.case_id
    {%- endif %}
    {%- if is_increment() %}
    left join kept_before on deliveries.event_id = kept_before.event_id
    {%- endif %}
    {{ parents }}
)

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    quarantine_reason,
    case
        when is_repeated then 'duplicate'
        when quarantine_reason is not null then 'quarantined'
        else 'accepted'
    end as row_status
from classified
{%- endmacro %}
