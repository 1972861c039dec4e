-- Grain: one row per fact: something that accepted events, workflows or prices can say, and that KPIs need (kpi_needs()).

{%- set facts, no_rows, flags = event_facts(), no_rows(), kpi_flags() %}

with

keys_with_required_fields as (
    select distinct
        case_id,
        idempotency_key
    from {{ ref('stg_events__writeback_attempts') }}
    where fields_required is not null
),

acknowledgements as (
    select
        acknowledgements.outcome,
        acknowledgements.fields_persisted,
        keys.case_id is not null as requires_fields
    from {{ ref('stg_events__writeback_acks') }} as acknowledgements
    left join keys_with_required_fields as keys
        on
            acknowledgements.case_id = keys.case_id
            and acknowledgements.idempotency_key = keys.idempotency_key
),

{%- for table in event_contract() %}

counted_{{ table }} as (
    select
        {%- for fact_id, fact in facts.items() if fact.table == table %}
        {%- set among = fact.of or 'true' %}
        count(case when {{ among }} then 1 end) as {{ fact_id }}_among,
        count(case when {{ among }} and {{ fact.known ~ ' is not null' if fact.known else fact.where or 'true' }} then 1 end) as {{ fact_id }},
        {%- endfor %}
        count(*) as accepted_rows
    from {{ 'acknowledgements' if table == 'writeback_acks' else ref('stg_events__' ~ table) }}
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
)

{%- for fact_id, fact in facts.items() %}

select
    '{{ fact_id }}' as fact,
    '{{ fact.table }}' as source_table,
    counted.accepted_rows,
    counted.{{ fact_id }}_among as among_rows,
    counted.{{ fact_id }}{{ ' + others.' ~ fact.or if fact.or }} as said_rows,
    {{ "'" ~ fact.known ~ "'" if fact.known else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as known_column,
    '{{ dbt.escape_single_quotes(no_rows[fact.table]) }}' as without_rows,
    '{{ dbt.escape_single_quotes(fact.without or no_rows[fact.table]) }}' as without_fact
from counted_{{ fact.table }} as counted
{%- if fact.or %}
cross join counted_{{ facts[fact.or].table }} as others
{%- endif %}

union all
{%- endfor %}

{%- for flag in flags %}

select
    '{{ flag }}' as fact,
    'workflows' as source_table,
    accepted_rows,
    {{ flag }}_among as among_rows,
    {{ flag }} as said_rows,
    cast(null as {{ dbt.type_string() }}) as known_column,
    '{{ no_rows.workflows }}' as without_rows,
    'no workflow of these cases has {{ flag }} in the table workflows' as without_fact
from counted_workflows

union all
{%- endfor %}

select
    'prices' as fact,
    'prices' as source_table,
    accepted_rows,
    accepted_rows as among_rows,
    accepted_rows as said_rows,
    cast(null as {{ dbt.type_string() }}) as known_column,
    '{{ no_rows.prices }}' as without_rows,
    '{{ no_rows.prices }}' as without_fact
from counted_prices
