-- Tests the macro byte_order(): one row per text that is not in the place that its bytes give it, whatever the collation.
-- Bytes in UTF-8: '' none, '-' 2D, '1' 31, 'B' 42, '_' 5F, 'a' 61, 'é' C3 A9, 'ﬀ' EF AC 80, '😀' F0 9F 98 80 (in UTF-16 it
-- would come before 'ﬀ').
{%- set texts = ['', '-a', '1', '10', '2', 'B', 'Ba', '_', 'a', 'a b', 'aB', 'ab', 'b', 'é', 'ﬀ', '😀'] %}

with

cases as (
    {%- for text in texts %}
    select
        cast('{{ text }}' as {{ dbt.type_string() }}) as sorted_text,
        {{ loop.index }} as place
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        row_number() over (order by {{ byte_order('sorted_text') }}) as actual_place
    from cases
),

bounds as (
    select
        min({{ byte_order('sorted_text') }}) as lowest,
        max({{ byte_order('sorted_text') }}) as highest
    from cases
    where sorted_text in ('a', 'B', 'é')
)

select
    sorted_text,
    place,
    actual_place
from results
where actual_place <> place

union all

select
    lowest || ' to ' || highest as sorted_text,
    null as place,
    null as actual_place
from bounds
where lowest <> 'B' or highest <> 'é'
