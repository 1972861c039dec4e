-- Tests the macro date_series(): one row per series that has not the expected number of dates, first or last date.
{%- set cases = [
    ('one date', '2026-01-05', '2026-01-05', 1),
    ('a week over the end of a year', '2025-12-29', '2026-01-04', 7),
    ('a leap February', '2024-02-01', '2024-02-29', 29),
    ('over both clock changes of a year', '2026-01-01', '2026-12-31', 365),
    ('the first later than the last', '2026-01-05', '2026-01-04', 0),
    ('no first', none, '2026-01-05', 0),
    ('no last', '2026-01-05', none, 0),
] %}

with

results as (
    {%- for what, first_day, last_day, days in cases %}
    {%- set first_date = 'cast(' ~ (dbt.string_literal(first_day) if first_day else 'null') ~ ' as date)' %}
    {%- set last_date = 'cast(' ~ (dbt.string_literal(last_day) if last_day else 'null') ~ ' as date)' %}
    select
        '{{ what }}' as what,
        {{ days }} as expected_days,
        case when {{ days }} > 0 then {{ first_date }} end as expected_first,
        case when {{ days }} > 0 then {{ last_date }} end as expected_last,
        count(distinct series.date_day) as distinct_days,
        count(*) as actual_days,
        min(series.date_day) as actual_first,
        max(series.date_day) as actual_last
    from (
        {{ date_series(first_date, last_date) | indent(8) }}
    ) as series
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    what,
    expected_days,
    actual_days,
    actual_first,
    actual_last
from results
where
    actual_days <> expected_days
    or distinct_days <> expected_days
    or actual_first is distinct from expected_first
    or actual_last is distinct from expected_last
