-- Tests the macros local_date(), local_week(), local_month(), to_local() and to_utc() in UTC: one row per moment
-- with another result than expected. Other time zones: tests/python/test_macros_in_time_zones.py; with one of them, nothing is
-- tested here.
{%- set cases = [
    ('2026-01-05 00:00:00', '2026-01-05', '2026-01-05', '2026-01-01'),
    ('2026-01-04 23:59:59.999999', '2026-01-04', '2025-12-29', '2026-01-01'),
    ('2026-01-01 00:00:00', '2026-01-01', '2025-12-29', '2026-01-01'),
    ('2025-12-31 23:59:59.999999', '2025-12-31', '2025-12-29', '2025-12-01'),
    ('2024-02-29 12:30:00', '2024-02-29', '2024-02-26', '2024-02-01'),
    ('2024-03-03 07:59:59', '2024-03-03', '2024-02-26', '2024-03-01'),
    (none, none, none, none),
] %}

with

cases as (
    {%- for moment, local_date, local_week, local_month in cases %}
    select
        cast({{ dbt.string_literal(moment) if moment else 'null' }} as timestamp) as moment,
        cast({{ dbt.string_literal(local_date) if moment else 'null' }} as date) as local_date,
        cast({{ dbt.string_literal(local_week) if moment else 'null' }} as date) as local_week,
        cast({{ dbt.string_literal(local_month) if moment else 'null' }} as date) as local_month
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        {{ local_date('moment') }} as actual_date,
        {{ local_week('moment') }} as actual_week,
        {{ local_month('moment') }} as actual_month,
        {{ to_local('moment') }} as actual_local,
        {{ to_utc('moment') }} as actual_utc,
        {{ to_utc('local_date') }} as actual_midnight
    from cases
)

select
    moment,
    actual_date,
    actual_week,
    actual_month,
    actual_local,
    actual_utc,
    actual_midnight
from results
where
    '{{ var("reporting_timezone") }}' = 'UTC'
    and (
        actual_date is distinct from local_date
        or actual_week is distinct from local_week
        or actual_month is distinct from local_month
        or actual_local is distinct from moment
        or actual_utc is distinct from moment
        or actual_midnight is distinct from cast(local_date as timestamp)
    )
