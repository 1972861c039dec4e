-- Tests the macro exact_sum(): one row per group of numbers with another sum than expected.
{%- set groups = {
    'tenths': (['0.1', '0.2', '0.3'], '0.6'),
    'order does not matter': (['1e15', '0.25', '-1e15'], '0.25'),
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
