-- Tests the macros newcombe_low(), newcombe_high() and newcombe_bound(): one row per proportion with a bound that is not the expected one.
-- The first four are the examples of Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 4, as printed, with four
-- decimals; there z is 1.959964 (1.96 gives 0.16445 instead of 0.1644). With z = 2.576 (z² = 6.635776) the formula gives for half of
-- n = 10 the lower bound (2·5 + z² - 1 - z √(z² - 2 - 1/10 + 2·(5 + 1))) ÷ 2(10 + z²), and the upper one is its mirror image. For 0 of 1
-- the upper one is (z² + 1 + z √(z² + 2 - 1)) ÷ 2(1 + z²).
{%- set cases = [
    (81, 263, 1.959964, '0.2535', '0.3682', '0.00005'),
    (15, 148, 1.959964, '0.0598', '0.1644', '0.00005'),
    (0, 20, 1.959964, '0', '0.2005', '0.00005'),
    (1, 29, 1.959964, '0.0018', '0.1963', '0.00005'),
    (20, 20, 1.959964, '1 - 0.2005', '1', '0.00005'),
    (5, 10, 2.576, '(15.635776 - 2.576 * sqrt(16.535776)) / 33.271552', '1 - (15.635776 - 2.576 * sqrt(16.535776)) / 33.271552', '1e-12'),
    (0, 1, 2.576, '0', '(7.635776 + 2.576 * sqrt(7.635776)) / 15.271552', '1e-12'),
    (1, 1, 2.576, '1 - (7.635776 + 2.576 * sqrt(7.635776)) / 15.271552', '1', '1e-12'),
    (1000000, 1000000, 2.576, '0.99999', '1', '1e-5'),
    (0, 0, 2.576, 'null', 'null', '0'),
    ('null', 5, 2.576, 'null', 'null', '0'),
    (5, 'null', 2.576, 'null', 'null', '0'),
] %}

with

results as (
    {%- for numerator, denominator, z, low, high, tolerance in cases %}
    {%- set successes = 'cast(' ~ numerator ~ ' as ' ~ dbt.type_bigint() ~ ')' %}
    {%- set trials = 'cast(' ~ denominator ~ ' as ' ~ dbt.type_bigint() ~ ')' %}
    select
        {{ z }} as z,
        {{ successes }} as numerator,
        {{ trials }} as denominator,
        cast({{ low }} as {{ type_double() }}) as low,
        cast({{ high }} as {{ type_double() }}) as high,
        cast({{ tolerance }} as {{ type_double() }}) as tolerance,
        {{ newcombe_bound(successes, trials, '-', z) }} as actual_low,
        {{ newcombe_bound(successes, trials, '+', z) }} as actual_high,
        {{ newcombe_low(successes, trials) }} as default_low,
        {{ newcombe_high(successes, trials) }} as default_high
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    z,
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
    -- The macros without z take 2.576: the same there, a wider interval elsewhere.
    or (z = 2.576 and (default_low is distinct from actual_low or default_high is distinct from actual_high))
    or default_low > actual_low
    or default_high < actual_high
