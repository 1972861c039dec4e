-- Grain: one row per thing that the last build with an end was made of.
-- Written when all that builds grow is there; the next build goes on from it.
{{ config(materialized='table') }}

{%- set is_whole = not execute or is_whole_build(model.unique_id) %}
{%- set completed = left_by_last_build('int_run__completed') %}

{%- for model in ['fct_definition_difference', 'rpt_integrity_violation', 'rpt_kpi_restatement', 'rpt_cost_weekly', 'rpt_funnel_weekly'] %}
-- depends_on: {{ ref(model) }}
{%- endfor %}

with

event_tables as (
    {%- for table in event_contract() %}
    select
        '{{ table }}' as name,
        coalesce(max(loaded_at), cast('0001-01-01' as timestamp)) as watermark
    from {{ ref('base_events__' ~ table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

described as (
    select * from {{ ref('int_run__described') }}
),

things as (
    select
        'event table' as kind,
        name,
        cast(null as {{ dbt.type_string() }}) as content,
        watermark
    from event_tables

    union all

    select
        kind,
        name,
        content,
        cast(null as timestamp) as watermark
    from described

    union all

    select
        'run' as kind,
        'as_of' as name,
        cast(as_of as {{ dbt.type_string() }}) as content,
        as_of as watermark
    from {{ ref('int_run__planned') }}
)

select
    plan.plan_number,
    things.*
from things
cross join {{ ref('int_run__planned') }} as plan
{%- if not is_whole %}
-- Only a part of the models was selected: where the others stand has not changed.
where false
{%- if completed is not none %}

union all

select * from {{ completed }}
{%- endif %}
{%- endif %}
