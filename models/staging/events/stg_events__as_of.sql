-- Grain: one row, the moment that everything is computed for.
{{ config(materialized='table') }}

{% if given_as_of() %}
select {{ as_of_literal() }} as as_of
{% else %}
with

loads as (
    {%- for table in event_contract() %}
    select max(raw_rows.loaded_at) as loaded_at
    from ({{ raw_rows('events', table) | indent(4) }}) as raw_rows
    -- An infinite moment, and a sentinel such as 9999-12-31, moves nothing.
    where raw_rows.loaded_at >= cast('0001-01-01' as timestamp) and raw_rows.loaded_at < cast('{{ end_of_moments() }}' as timestamp)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select max(loaded_at) as as_of
from loads
{% endif %}
