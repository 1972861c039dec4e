-- Tests the macro to_9_decimals(): one row per pair of numbers that compare otherwise than expected, or number with another rounding.
{%- set pairs = [
    ('equal but for the noise of floating point', '0.1 + 0.2', '0.3', 'equal'),
    ('apart in the 10th decimal, rounded to the same', '0.9500000001', '0.95', 'equal'),
    ('apart in the 10th decimal, rounded apart', '0.9500000006', '0.95', 'above'),
    ('apart in the 9th decimal', '0.950000001', '0.95', 'above'),
    ('the same below', '0.949999999', '0.95', 'below'),
    ('negative, away from zero', '-0.0000000006', '-0.000000001', 'equal'),
    ('negative, towards zero', '-0.0000000004', '0', 'equal'),
    ('large', '123456.1234', '123456.1234', 'equal'),
    ('NULL', 'null', '1', 'null'),
] %}

with

pairs as (
    {%- for what, one, other, expected in pairs %}
    select
        '{{ what }}' as what,
        cast({{ one }} as {{ type_double() }}) as one,
        cast({{ other }} as {{ type_double() }}) as other,
        nullif('{{ expected }}', 'null') as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        what,
        expected,
        case
            when {{ to_9_decimals('one') }} < {{ to_9_decimals('other') }} then 'below'
            when {{ to_9_decimals('one') }} = {{ to_9_decimals('other') }} then 'equal'
            when {{ to_9_decimals('one') }} > {{ to_9_decimals('other') }} then 'above'
        end as actual
    from pairs
)

select
    what,
    expected,
    actual
from results
where actual is distinct from expected
