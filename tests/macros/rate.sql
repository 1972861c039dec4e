-- Tests the macro rate(): one row per case whose quotient is not the expected one.
{%- set cases = [
    ('a half of integers', '1', '2', '0.5'),
    ('nothing of something', '0', '3', '0'),
    ('more than all', '5', '4', '1.25'),
    ('a negative amount', '-3', '4', '-0.75'),
    ('a negative denominator', '3', '-4', '-0.75'),
    ('something of nothing', '3', '0', 'null'),
    ('nothing of nothing', '0', '0', 'null'),
    ('an unknown numerator', 'null', '4', 'null'),
    ('an unknown denominator', '3', 'null', 'null'),
] %}

with

cases as (
    {%- for what, numerator, denominator, expected in cases %}
    select
        '{{ what }}' as what,
        cast({{ numerator }} as {{ dbt.type_bigint() }}) as numerator,
        cast({{ denominator }} as {{ dbt.type_bigint() }}) as denominator,
        cast({{ expected }} as {{ type_double() }}) as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        what,
        expected,
        {{ rate('numerator', 'denominator') }} as actual
    from cases

    union all

    select
        what || ', as money' as what,
        expected,
        {{ rate('cast(numerator as decimal(18, 2))', 'cast(denominator as ' ~ type_double() ~ ')') }} as actual
    from cases
)

select
    what,
    expected,
    actual
from results
where actual is distinct from expected
