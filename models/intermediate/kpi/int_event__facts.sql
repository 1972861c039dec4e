-- Grain: one row per fact: something that accepted events, workflows or prices can say, and that KPIs need (kpi_needs()).

{%- set facts, no_rows, flags = event_facts(), no_rows(), kpi_flags() %}
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
        count(*) as accepted_rows
    from {{ assembled[table] or ref('stg_events__' ~ table) }}
),
{%- endfor %}

counted_workflows as (
    select
        {%- for flag in flags %}
        count({{ flag }}) as {{ flag }}_among,
        count(case when {{ flag }} then 1 end) as {{ flag }},
        {%- endfor %}
        count(*) as accepted_rows
    from {{ ref('stg_reference__workflows') }}
    where workflow in (select triggers.workflow from {{ ref('stg_events__case_triggers') }} as triggers)
),

counted_prices as (
    select count(*) as accepted_rows
    from (
        select amount from {{ ref('stg_reference__cost_rates') }}
        union all
        select amount from {{ ref('stg_reference__fixed_costs') }}
    ) as prices
),

counted as (
    {%- for fact_id, fact in facts.items() %}
    select
        '{{ fact_id }}' as fact,
        accepted_rows,
        {{ fact_id ~ '_among' if fact.known else 'accepted_rows' }} as among_rows,
        {{ fact_id }}
        {%- if fact.or %} + (select others.{{ fact.or }} from counted_{{ facts[fact.or].table }} as others){% endif %} as said_rows
    from counted_{{ fact.table }}
    union all
    {%- endfor %}
    {%- for flag in flags %}
    select
        '{{ flag }}' as fact,
        accepted_rows,
        {{ flag }}_among as among_rows,
        {{ flag }} as said_rows
    from counted_workflows
    union all
    {%- endfor %}
    select
        'prices' as fact,
        accepted_rows,
        accepted_rows as among_rows,
        accepted_rows as said_rows
    from counted_prices
)

select
    counted.*,
    facts.source_table,
    nullif(facts.known_column, '') as known_column,
    facts.without_rows,
    facts.without_fact
from counted
inner join (
    values
    {%- for fact_id, fact in facts.items() %}
    (
        '{{ fact_id }}', '{{ fact.table }}', '{{ fact.known_as or fact.known }}',
        {{ dbt.string_literal(no_rows[fact.table]) }},
        {{ dbt.string_literal(dbt.escape_single_quotes(fact.without or no_rows[fact.table])) }}
    ),
    {%- endfor %}
    {%- for flag in flags %}
    ('{{ flag }}', 'workflows', '', '{{ no_rows.workflows }}', 'no workflow of these cases has {{ flag }} in the table workflows'),
    {%- endfor %}
    ('prices', 'prices', '', '{{ no_rows.prices }}', '{{ no_rows.prices }}')
) as facts (fact, source_table, known_column, without_rows, without_fact)
    on counted.fact = facts.fact
