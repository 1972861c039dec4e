-- Tests the macros seconds_between(), minutes_between() and add_seconds(): one row per case with another result than expected.
-- The middle column is the way from the first moment to the second, in seconds, and so also the way back.
{%- set cases = [
    ('none', '2026-01-05 10:00:00', '0', '2026-01-05 10:00:00'),
    ('a second over the end of a minute', '2026-01-05 10:00:59', '1', '2026-01-05 10:01:00'),
    ('almost a minute within one', '2026-01-05 10:00:00', '59.75', '2026-01-05 10:00:59.75'),
    ('a microsecond over the end of a year', '2025-12-31 23:59:59.999999', '0.000001', '2026-01-01 00:00:00'),
    ('a day over the end of a leap February', '2024-02-28 12:00:00', '86400', '2024-02-29 12:00:00'),
    ('eleven years with three leap days', '2015-01-01 00:00:00', '4018 * 86400', '2026-01-01 00:00:00'),
    ('the hour that New York skips', '2026-03-08 01:59:59', '3601', '2026-03-08 03:00:00'),
    ('the hour that Los Angeles doubles', '2026-11-01 00:30:00', '7200', '2026-11-01 02:30:00'),
    ('backwards', '2026-01-05 10:01:00', '-60.5', '2026-01-05 09:59:59.5'),
    ('from nowhere', none, 'null', '2026-01-05 10:00:00'),
    ('to nowhere', '2026-01-05 10:00:00', 'null', none),
] %}

with

cases as (
    {%- for what, starts_at, seconds, ends_at in cases %}
    select
        '{{ what }}' as what,
        cast({{ dbt.string_literal(starts_at) if starts_at else 'null' }} as timestamp) as starts_at,
        cast({{ seconds }} as {{ type_double() }}) as seconds,
        cast({{ dbt.string_literal(ends_at) if ends_at else 'null' }} as timestamp) as ends_at
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        {{ seconds_between('starts_at', 'ends_at') }} as actual_seconds,
        {{ minutes_between('starts_at', 'ends_at') }} as actual_minutes,
        {{ add_seconds('starts_at', 'seconds') }} as actual_ends_at
    from cases
)

select
    what,
    seconds,
    actual_seconds,
    actual_minutes,
    ends_at,
    actual_ends_at
from results
where
    actual_seconds is distinct from seconds
    or actual_minutes is distinct from seconds / 60
    -- No moment lies an unknown time after another.
    or (seconds is not null and actual_ends_at is distinct from ends_at)
    or (seconds is null and actual_ends_at is not null)

union all

-- A number in the text of the macro's call, whole or not, as a var gives it.
select
    'a literal number' as what,
    null as seconds,
    null as actual_seconds,
    null as actual_minutes,
    ends_at,
    {{ add_seconds('ends_at', 90) }} as actual_ends_at
from cases
where
    what = 'none'
    and (
        {{ add_seconds('ends_at', 90) }} <> cast('2026-01-05 10:01:30' as timestamp)
        or {{ add_seconds('ends_at', 0.5) }} <> cast('2026-01-05 10:00:00.5' as timestamp)
        or {{ add_seconds('ends_at', -60) }} <> cast('2026-01-05 09:59:00' as timestamp)
    )
