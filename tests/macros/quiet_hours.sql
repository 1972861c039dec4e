-- Tests the macro is_quiet_hour() with the default vars, 21 to 8 in UTC: one row per moment that is not as expected.
-- Other hours are in the unit tests of int_case__customer_side, other zones in tests/python/test_macros_in_time_zones.py; with other
-- vars, nothing is tested here.
{%- set cases = [
    ('2026-01-05 20:59:59.999999', 'false'),
    ('2026-01-05 21:00:00', 'true'),
    ('2026-01-05 23:59:59.999999', 'true'),
    ('2026-01-06 00:00:00', 'true'),
    ('2026-01-06 07:59:59.999999', 'true'),
    ('2026-01-06 08:00:00', 'false'),
    ('2026-01-06 12:00:00', 'false'),
    (none, 'null'),
] %}

with

cases as (
    {%- for moment, expected in cases %}
    select
        cast({{ dbt.string_literal(moment) if moment else 'null' }} as timestamp) as moment,
        cast({{ expected }} as {{ dbt.type_boolean() }}) as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        {{ is_quiet_hour('moment') }} as actual
    from cases
)

select
    moment,
    expected,
    actual
from results
where
    '{{ var("reporting_timezone") }} {{ var("quiet_hours_start") }} {{ var("quiet_hours_end") }}' = 'UTC 21 8'
    and actual is distinct from expected
