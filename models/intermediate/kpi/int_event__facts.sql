-- Grain: one row per fact: something that accepted events, workflows or prices can say, and that KPIs need (kpi_needs()).

{%- set facts, no_rows, flags = event_facts(), no_rows(), kpi_flags() %}
{%- set sources = event_contract().keys() | list + ['workflows', 'prices'] %}
{%- set assembled = {'writeback_acks': 'acknowledgements', 'writeback_attempts': ref('int_writeback__attempted')} %}

with

acknowledgements as (
    select
        acknowledgements.outcome,
        -- Where no field is required, every acknowledgement proves the record.
        case when writebacks.fields_required is null then 0 else acknowledgements.fields_persisted end as fields_persisted
    from {{ ref('stg_events__writeback_acks') }} as acknowledgements
    left join {{ ref('int_writeback__attempted') }} as writebacks
        on
            acknowledgements.case_id = writebacks.case_id
            and acknowledgements.idempotency_key = writebacks.idempotency_key
),

{%- for table in event_contract() %}

counted_{{ table }} as (
    select
        {%- for fact_id, fact in facts.items() if fact.table == table and not fact.known %}
        count(case when {{ fact.where or 'true' }} then 1 end) as {{ fact_id }},
        {%- endfor %}
        {%- for fact_id, fact in facts.items() if fact.table == table and fact.known %}
        count(case when {{ fact.of or 'true' }} then 1 end) as {{ fact_id }}_among,
        count(case when {{ fact.of or 'true' }} then {{ fact.known }} end) as {{ fact_id }},
        {%- endfor %}
        count(*) as {{ table }}_rows
    from {{ assembled[table] or ref('stg_events__' ~ table) }}
),
{%- endfor %}

counted_workflows as (
    select
        {%- for flag in flags %}
        count({{ flag }}) as {{ flag }}_among,
        count(case when {{ flag }} then 1 end) as {{ flag }},
        {%- endfor %}
        count(*) as workflows_rows
    from {{ ref('stg_reference__workflows') }}
    where workflow in (select triggers.workflow from {{ ref('stg_events__case_triggers') }} as triggers)
),

counted_prices as (
    select
        count(*) as prices,
        count(*) as prices_rows
    from (
        select amount from {{ ref('stg_reference__cost_rates') }}
        union all
        select amount from {{ ref('stg_reference__fixed_costs') }}
    ) as listed
),

facts as (
    select
        listed.fact,
        listed.source_table,
        nullif(listed.known_column, '') as known_column,
        case listed.source_table
            {%- for table in sources %}
            when '{{ table }}' then {{ dbt.string_literal(no_rows[table]) }}
            {%- endfor %}
        end as without_rows,
        case listed.fact
            {%- for fact_id, fact in facts.items() if fact.without %}
            when '{{ fact_id }}' then {{ dbt.string_literal(dbt.escape_single_quotes(fact.without)) }}
            {%- endfor %}
            {%- for flag in flags %}
            when '{{ flag }}' then 'no workflow of these cases has {{ flag }} in the table workflows'
            {%- endfor %}
        end as own_words
    from (
        values
        {%- for fact_id, fact in facts.items() %}
        ('{{ fact_id }}', '{{ fact.table }}', '{{ fact.known_as or fact.known }}'),
        {%- endfor %}
        {%- for flag in flags %}
        ('{{ flag }}', 'workflows', ''),
        {%- endfor %}
        ('prices', 'prices', '')
    ) as listed (fact, source_table, known_column)
),

counted as (
    select
        facts.*,
        case facts.source_table
            {%- for table in sources %}
            when '{{ table }}' then {{ table }}_rows
            {%- endfor %}
        end as accepted_rows,
        case facts.fact
            {%- for fact_id, fact in facts.items() if fact.known %}
            when '{{ fact_id }}' then {{ fact_id }}_among
            {%- endfor %}
            {%- for flag in flags %}
            when '{{ flag }}' then {{ flag }}_among
            {%- endfor %}
        end as known_among_rows,
        case facts.fact
            {%- for fact_id, fact in facts.items() %}
            when '{{ fact_id }}' then {{ fact_id }}{{ ' + ' ~ fact.or if fact.or }}
            {%- endfor %}
            {%- for flag in flags + ['prices'] %}
            when '{{ flag }}' then {{ flag }}
            {%- endfor %}
        end as said_rows
    from facts
    cross join counted_{{ sources | join('\n    cross join counted_') }}
)

select
    fact,
    accepted_rows,
    coalesce(known_among_rows, accepted_rows) as among_rows,
    said_rows,
    source_table,
    known_column,
    without_rows,
    coalesce(own_words, without_rows) as without_fact
from counted
