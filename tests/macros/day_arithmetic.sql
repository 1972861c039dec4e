-- Tests the macros add_days() and is_weekday(): one row per date with another result than expected.
{%- set cases = [
    ('2026-02-27', '1', '2026-02-28', 'true'),
    ('2026-02-28', '1', '2026-03-01', 'false'),
    ('2026-03-01', '-1', '2026-02-28', 'false'),
    ('2026-03-02', '0', '2026-03-02', 'true'),
    ('2026-03-03', '7', '2026-03-10', 'true'),
    ('2026-03-04', '-63', '2025-12-31', 'true'),
    ('2026-12-31', '1', '2027-01-01', 'true'),
    ('2024-02-28', '1', '2024-02-29', 'true'),
    ('2026-03-05', 'null', none, 'true'),
    (none, '1', none, 'null'),
] %}

with

cases as (
    {%- for day, days, expected, weekday in cases %}
    select
        cast({{ dbt.string_literal(day) if day else 'null' }} as date) as date_day,
        cast({{ days }} as integer) as days,
        cast({{ dbt.string_literal(expected) if expected else 'null' }} as date) as expected_day,
        cast({{ weekday }} as {{ dbt.type_boolean() }}) as expected_weekday
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        {{ add_days('date_day', 'days') }} as actual_day,
        {{ add_days('date_day', 1) }} as next_day,
        {{ is_weekday('date_day') }} as actual_weekday
    from cases
)

select
    date_day,
    days,
    expected_day,
    actual_day,
    expected_weekday,
    actual_weekday
from results
where
    actual_day is distinct from expected_day
    or (days = 1 and next_day is distinct from expected_day)
    or actual_weekday is distinct from expected_weekday
