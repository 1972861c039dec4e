-- Tests the macros wilson_low() and wilson_high(): one row per proportion with a bound that is not the expected one.
-- The first four are the examples of Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3, as printed, with
-- four decimals. The others follow from the formula: with p = 0 the interval is 0 to z² ÷ (n + z²), with p = 1 the mirror
-- image; with p = 1/2 it is 1/2 ± z ÷ 2√(n + z²). z² = 3.8416.
{%- set cases = [
    (81, 263, '0.2553', '0.3662', '0.00005'),
    (15, 148, '0.0624', '0.1605', '0.00005'),
    (0, 20, '0', '0.1611', '0.00005'),
    (1, 29, '0.0061', '0.1718', '0.00005'),
    (0, 1, '0', '3.8416e0 / 4.8416', '1e-12'),
    (1, 1, '1e0 / 4.8416', '1', '1e-12'),
    (20, 20, '20e0 / 23.8416', '1', '1e-12'),
    (1000000, 1000000, '1000000e0 / 1000003.8416', '1', '1e-12'),
    (5, 10, '0.5 - 0.98 / sqrt(13.8416)', '0.5 + 0.98 / sqrt(13.8416)', '1e-12'),
    (0, 0, 'null', 'null', '0'),
    ('null', 5, 'null', 'null', '0'),
    (5, 'null', 'null', 'null', '0'),
] %}

with

cases as (
    {%- for numerator, denominator, low, high, tolerance in cases %}
    select
        cast({{ numerator }} as {{ dbt.type_bigint() }}) as numerator,
        cast({{ denominator }} as {{ dbt.type_bigint() }}) as denominator,
        cast({{ low }} as {{ type_double() }}) as low,
        cast({{ high }} as {{ type_double() }}) as high,
        cast({{ tolerance }} as {{ type_double() }}) as tolerance
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        {{ wilson_low('numerator', 'denominator') }} as actual_low,
        {{ wilson_high('numerator', 'denominator') }} as actual_high
    from cases
)

select
    numerator,
    denominator,
    low,
    actual_low,
    high,
    actual_high
from results
where
    (actual_low is null) <> (low is null)
    or (actual_high is null) <> (high is null)
    or abs(actual_low - low) > tolerance
    or abs(actual_high - high) > tolerance
    -- Never outside 0 to 1, not even by a rounding error.
    or actual_low < 0
    or actual_high > 1
