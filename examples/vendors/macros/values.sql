{% macro utc(text) -%}
    {#- An ISO 8601 moment as a UTC timestamp. text: SQL expression. -#}
    (cast({{ text }} as timestamp with time zone) at time zone 'UTC')
{%- endmacro %}


{% macro from_epoch(seconds) -%}
    {#- Seconds since 1970 as a UTC timestamp. seconds: SQL expression of type text. -#}
    (cast('1970-01-01' as timestamp) + cast({{ seconds }} as bigint) * interval '1' second)
{%- endmacro %}


{% macro stripe_amount(amount, currency) -%}
    {#-
        An amount of Stripe, in the currency's smallest unit, as money (https://docs.stripe.com/currencies). Where that unit is a thousandth, Stripe asks for
        whole hundredths. amount, currency: SQL expressions of type text.
    -#}
    cast(
        cast({{ amount }} as bigint) * case
            when {{ currency }} in ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') then 1.000
            when {{ currency }} in ('bhd', 'jod', 'kwd', 'omr', 'tnd') then 0.001
            else 0.010
        end as decimal(18, 2)
    )
{%- endmacro %}
