-- Tests the macros percentile(), median(), p90(), median_and_p90() and array_item(): one row per group with wrong percentiles.
{%- set cases = [
    ('no value at all', ['null'], 'null', 'null', 'null'),
    ('one', ['7'], '7', '7', '7'),
    ('one and nulls', ['null', '7', 'null'], '7', '7', '7'),
    ('two', ['4', '1'], '2.5', '3.7', '1.75'),
    ('ties', ['5', '5', '5', '9'], '5', '7.8', '5'),
    ('an even count', ['70', '10', '30', '20', '50', '40'], '35', '60', '22.5'),
    ('an odd count', ['11', '1', '10', '2', '9', '3', '8', '4', '7', '5', '6'], '6', '10', '3.5'),
    ('negative values', ['-10', '0', '-20'], '-10', '-2', '-15'),
] %}

with

units as (
    {%- for what, values, median, p90, quartile in cases %}
    {%- set last_case = loop.last %}
    {%- for value in values %}
    select
        '{{ what }}' as what,
        cast({{ value }} as {{ type_double() }}) as observed_value
    {{ 'union all' if not (last_case and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

cases as (
    {%- for what, values, median, p90, quartile in cases %}
    select
        '{{ what }}' as what,
        cast({{ median }} as {{ type_double() }}) as median_value,
        cast({{ p90 }} as {{ type_double() }}) as p90_value,
        cast({{ quartile }} as {{ type_double() }}) as quartile_value
    {{ 'union all' if not loop.last }}
    {%- endfor %}

    -- A group without a unit, and a filter that leaves none.
    union all

    select
        'no unit' as what,
        cast(null as {{ type_double() }}) as median_value,
        cast(null as {{ type_double() }}) as p90_value,
        cast(null as {{ type_double() }}) as quartile_value
),

results as (
    select
        what,
        {{ median('observed_value') }} as median_value,
        {{ p90('observed_value') }} as p90_value,
        {{ percentile(0.25, 'observed_value') }} as quartile_value,
        {{ median_and_p90('observed_value') }} as both_values
    from units
    group by what

    union all

    select
        'no unit' as what,
        {{ median('observed_value') }} as median_value,
        {{ p90('observed_value') }} filter (where observed_value > 1000) as p90_value,
        {{ percentile(0.25, 'observed_value') }} as quartile_value,
        {{ median_and_p90('observed_value') }} as both_values
    from units
    where what = 'nothing of that name' or observed_value > 1000
)

select
    cases.what,
    cases.median_value,
    results.median_value as actual_median_value,
    cases.p90_value,
    results.p90_value as actual_p90_value,
    cases.quartile_value,
    results.quartile_value as actual_quartile_value
from cases
left join results on cases.what = results.what
where
    results.what is null
    or (results.median_value is null) <> (cases.median_value is null)
    or (results.p90_value is null) <> (cases.p90_value is null)
    or (results.quartile_value is null) <> (cases.quartile_value is null)
    or ({{ array_item('results.both_values', 1) }} is null) <> (cases.median_value is null)
    or ({{ array_item('results.both_values', 2) }} is null) <> (cases.p90_value is null)
    or abs({{ array_item('results.both_values', 1) }} - cases.median_value) > 1e-9
    or abs({{ array_item('results.both_values', 2) }} - cases.p90_value) > 1e-9
    or abs(results.median_value - cases.median_value) > 1e-9
    or abs(results.p90_value - cases.p90_value) > 1e-9
    or abs(results.quartile_value - cases.quartile_value) > 1e-9
