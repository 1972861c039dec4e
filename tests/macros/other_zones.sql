-- Tests the macro in_other_zone(): one row per moment that it converts wrongly.
-- Rome is an hour ahead of UTC, two from 29 March 2026, 01:00 UTC, to 25 October 2026, 01:00 UTC. New York is five hours behind, four from
-- 8 March, 07:00 UTC, to 1 November, 06:00 UTC. Kolkata is always five and a half hours ahead.
{%- set cases = [
    ('2026-03-29 00:59:59.999999', 'UTC', 'Europe/Rome', '2026-03-29 01:59:59.999999'),
    ('2026-03-29 01:00:00', 'UTC', 'Europe/Rome', '2026-03-29 03:00:00'),
    ('2026-10-25 00:59:59', 'UTC', 'Europe/Rome', '2026-10-25 02:59:59'),
    ('2026-10-25 01:00:00', 'UTC', 'Europe/Rome', '2026-10-25 02:00:00'),
    ('2026-03-08 06:59:59', 'UTC', 'America/New_York', '2026-03-08 01:59:59'),
    ('2026-03-08 07:00:00', 'UTC', 'America/New_York', '2026-03-08 03:00:00'),
    ('2026-01-01 04:59:59', 'UTC', 'America/New_York', '2025-12-31 23:59:59'),
    ('2026-03-08 00:00:00', 'America/New_York', 'UTC', '2026-03-08 05:00:00'),
    ('2026-03-09 00:00:00', 'America/New_York', 'UTC', '2026-03-09 04:00:00'),
    ('2026-07-01 12:00:00', 'America/New_York', 'Europe/Rome', '2026-07-01 18:00:00'),
    ('2026-01-04 18:30:00', 'UTC', 'Asia/Kolkata', '2026-01-05 00:00:00'),
    ('2026-03-29 02:30:00', 'UTC', 'UTC', '2026-03-29 02:30:00'),
    (none, 'UTC', 'Europe/Rome', none),
] %}

with

cases as (
    {%- for moment, zone, other_zone, expected in cases %}
    select
        cast({{ dbt.string_literal(moment) if moment else 'null' }} as timestamp) as moment,
        '{{ zone }}' as zone,
        '{{ other_zone }}' as other_zone,
        cast({{ dbt.string_literal(expected) if expected else 'null' }} as timestamp) as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

results as (
    select
        *,
        {{ in_other_zone('moment', 'zone', 'other_zone') }} as actual
    from cases
)

select * from results
where actual is distinct from expected
