-- Tests the macro is_in_weeks(): one row per week that is not, or is, among those of a window when it should (not) be.
{%- set cases = [
    ('the first', "'2026-01-05'", "'2026-01-05'", 8, 'true'),
    ('the last', "'2026-02-23'", "'2026-01-05'", 8, 'true'),
    ('the one after', "'2026-03-02'", "'2026-01-05'", 8, 'false'),
    ('the one before', "'2025-12-29'", "'2026-01-05'", 8, 'false'),
    ('the only one', "'2026-01-05'", "'2026-01-05'", 1, 'true'),
    ('the one after the only one', "'2026-01-12'", "'2026-01-05'", 1, 'false'),
    ('over the end of the year', "'2026-01-05'", "'2025-12-22'", 3, 'true'),
    ('no week', 'null', "'2026-01-05'", 8, 'null'),
    ('no window', "'2026-01-05'", 'null', 8, 'null'),
] %}

with

results as (
    {%- for what, week_start, first_week, weeks, expected in cases %}
    select
        '{{ what }}' as what,
        cast({{ expected }} as boolean) as expected,
        {{ is_in_weeks('cast(' ~ week_start ~ ' as date)', 'cast(' ~ first_week ~ ' as date)', weeks) }} as actual
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    what,
    expected,
    actual
from results
where actual is distinct from expected
