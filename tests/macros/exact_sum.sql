-- Tests the macro exact_sum(): one row per group of numbers with another sum than expected.
-- Two tenths have one order only: a sum of doubles is 0.30000000000000004, whatever the threads do.
{%- set groups = {
    'tenths': (['0.1', '0.2'], '0.3'),
    'order does not matter': (['1e16', '1', '-1e16'], '1'),
    'negative': (['-1.5', '0.5'], '-1'),
    'NULLs are left out': (['null', '2', 'null'], '2'),
    'nothing but NULL': (['null'], 'null'),
} %}

with

numbers as (
    {%- for what, (values, expected) in groups.items() %}
    {%- set is_last_group = loop.last %}
    {%- for value in values %}
    select
        '{{ what }}' as what,
        cast({{ value }} as {{ type_double() }}) as value,
        cast({{ expected }} as {{ type_double() }}) as expected
    {{ 'union all' if not (is_last_group and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

sums as (
    select
        what,
        expected,
        {{ exact_sum('value') }} as actual
    from numbers
    group by what, expected
)

select
    what,
    expected,
    actual
from sums
where actual is distinct from expected
