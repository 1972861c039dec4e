{% macro rate(numerator, denominator) -%}
    {#-
        Numerator ÷ denominator as a double; NULL where the denominator is 0 or either is NULL (`x / 0` is infinite on
        DuckDB, an error on PostgreSQL). The one division of this project. numerator, denominator: numeric SQL expressions.
    -#}
    (cast({{ numerator }} as {{ type_double() }}) / nullif(cast({{ denominator }} as {{ type_double() }}), 0))
{%- endmacro %}


{% macro exact_sum(value) -%}
    {#-
        The sum of a group's doubles, to 15 decimals: a double that doesn't depend on the order of the rows, as a plain sum of
        doubles does in its last digits. NULL without a value; an error above 10^23. value: numeric SQL expression.
    -#}
    cast(sum(cast({{ value }} as decimal(38, 15))) as {{ type_double() }})
{%- endmacro %}


{% macro percentile(fraction, value) -%}
    {#-
        The percentile by linear interpolation over a group's units: a double, NULL without a unit that has a value.
        An aggregate: recompute it at every grain, never average it. A `filter (where …)` may follow.
        fraction: number from 0 to 1. value: numeric SQL expression; NULLs are left out.
    -#}
    percentile_cont({{ fraction }}) within group (order by {{ value }})
{%- endmacro %}


{% macro median(value) -%}
    {#- The median of a group's units: percentile() at 0.5. value: numeric SQL expression; NULLs are left out. -#}
    {{ percentile(0.5, value) }}
{%- endmacro %}


{% macro p90(value) -%}
    {#- The 90th percentile of a group's units: percentile() at 0.9. value: numeric SQL expression; NULLs are left out. -#}
    {{ percentile(0.9, value) }}
{%- endmacro %}


{% macro wilson_low(numerator, denominator) -%}
    {#-
        Lower bound of the Wilson score interval of a proportion, z = 1.96 (Wilson 1927): a double
        from 0 to 1, NULL where the denominator is 0 or either is NULL.
        numerator: successes. denominator: trials. Numeric SQL expressions.
    -#}
    {{ wilson_bound(numerator, denominator, '-') }}
{%- endmacro %}


{% macro wilson_high(numerator, denominator) -%}
    {#- Upper bound of the Wilson score interval. numerator, denominator: as in wilson_low(), of which all else is true too. -#}
    {{ wilson_bound(numerator, denominator, '+') }}
{%- endmacro %}


{% macro wilson_bound(numerator, denominator, sign, z=1.96) -%}
    {#-
        (2np + z² ± z √(z² + 4np(1 − p))) ÷ 2(n + z²), clipped to 0 and 1 because rounding may leave the bound a hair outside.
        sign: '-' for the lower, '+' for the upper bound. z: the normal quantile. Use wilson_low() and wilson_high().
        numerator: successes. denominator: trials. Numeric SQL expressions.
    -#}
    {%- set successes = 'cast(' ~ numerator ~ ' as ' ~ type_double() ~ ')' -%}
    {%- set trials = 'nullif(cast(' ~ denominator ~ ' as ' ~ type_double() ~ '), 0)' -%}
    {%- set bound -%}
        (2 * {{ successes }} + {{ z * z }} {{ sign }} {{ z }} * sqrt({{ z * z }} + 4 * {{ successes }} * ({{ trials }} - {{ successes }}) / {{ trials }}))
        / (2 * ({{ trials }} + {{ z * z }}))
    {%- endset -%}
    case
        when {{ trials }} is null or {{ successes }} is null then null
        when {{ bound }} < 0 then 0
        when {{ bound }} > 1 then 1
        else {{ bound }}
    end
{%- endmacro %}


{% macro newcombe_low(numerator, denominator) -%}
    {#-
        Lower bound of the Wilson score interval with continuity correction, z = 2.576 (Newcombe 1998, method 4): a double
        from 0 to 1, 0 where nothing succeeded, NULL where the denominator is 0 or either is NULL.
        numerator: successes. denominator: trials. Numeric SQL expressions.
    -#}
    {{ newcombe_bound(numerator, denominator, '-') }}
{%- endmacro %}


{% macro newcombe_high(numerator, denominator) -%}
    {#- Upper bound of the same interval, 1 where everything succeeded. numerator, denominator, and all else: as in newcombe_low(). -#}
    {{ newcombe_bound(numerator, denominator, '+') }}
{%- endmacro %}


{% macro newcombe_bound(numerator, denominator, sign, z=2.576) -%}
    {#-
        (2np + z² ± 1 ± z √(z² ± 2 − 1/n + 4p(n(1 − p) ∓ 1))) ÷ 2(n + z²), clipped to 0 and 1.
        sign: '-' for the lower, '+' for the upper bound. z: the normal quantile. Use newcombe_low() and newcombe_high().
        numerator: successes. denominator: trials. Numeric SQL expressions.
    -#}
    {%- set successes = 'cast(' ~ numerator ~ ' as ' ~ type_double() ~ ')' -%}
    {%- set trials = 'nullif(cast(' ~ denominator ~ ' as ' ~ type_double() ~ '), 0)' -%}
    {%- set opposite = '+' if sign == '-' else '-' -%}
    {%- set bound -%}
        (
            2 * {{ successes }} + {{ z * z }} {{ sign }} 1
            {{ sign }} {{ z }} * sqrt(
                {{ z * z }} {{ sign }} 2 - 1 / {{ trials }}
                + 4 * {{ successes }} / {{ trials }} * ({{ trials }} - {{ successes }} {{ opposite }} 1)
            )
        ) / (2 * ({{ trials }} + {{ z * z }}))
    {%- endset -%}
    case
        when {{ trials }} is null or {{ successes }} is null then null
        when {{ successes }} = {{ 0 if sign == '-' else trials }} then {{ 0 if sign == '-' else 1 }}
        when {{ bound }} < 0 then 0
        when {{ bound }} > 1 then 1
        else {{ bound }}
    end
{%- endmacro %}


{% macro to_9_decimals(value) -%}
    {#-
        A double as a decimal of 9 decimals, half away from zero: what verdicts compare, so that the noise of floating point decides
        nothing. NULL where it is NULL. value: numeric SQL expression.
    -#}
    cast({{ value }} as decimal(38, 9))
{%- endmacro %}


{% macro square(value) -%}
    {#- A number times itself: a double, NULL where it is NULL. value: numeric SQL expression. -#}
    (({{ value }}) * ({{ value }}))
{%- endmacro %}
