-- Tests the macro business_day_due_dates() in UTC: one row per day and term with another due time than expected.
-- Thursday 24 December is the eve of a holiday and a weekend; the next business days are Monday 28 to Wednesday 30.
-- Rome is in the unit test of int_sla__business_days_due; in another time zone than UTC only the number of rows is tested here.
{%- set calendar = [
    ('2026-12-24', 'true', 1),
    ('2026-12-25', 'false', 1),
    ('2026-12-26', 'false', 1),
    ('2026-12-27', 'false', 1),
    ('2026-12-28', 'true', 2),
    ('2026-12-29', 'true', 3),
    ('2026-12-30', 'true', 4),
] %}
{%- set terms = [0, 1, 2] %}
{%- set due = {
    '2026-12-24': ['2026-12-25', '2026-12-29', '2026-12-30'],
    '2026-12-25': ['2026-12-26', '2026-12-29', '2026-12-30'],
    '2026-12-26': ['2026-12-27', '2026-12-29', '2026-12-30'],
    '2026-12-27': ['2026-12-28', '2026-12-29', '2026-12-30'],
    '2026-12-28': ['2026-12-29', '2026-12-30', '2026-12-31'],
    '2026-12-29': ['2026-12-30', '2026-12-31', none],
    '2026-12-30': ['2026-12-31', none, none],
} %}

with

calendar as (
    {%- for day, is_business_day, number in calendar %}
    select
        cast('{{ day }}' as date) as date_day,
        {{ is_business_day }} as is_business_day,
        {{ number }} as business_day_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

terms as (
    {%- for term in terms %}
    select {{ term }} as business_days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

cases as (
    {%- for day, moments in due.items() %}
    {%- set last_day = loop.last %}
    {%- for moment in moments %}
    select
        cast('{{ day }}' as date) as date_day,
        {{ terms[loop.index0] }} as business_days,
        cast({{ dbt.string_literal(moment) if moment else 'null' }} as timestamp) as due_at
    {{ 'union all' if not (last_day and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

results as (
    {{ business_day_due_dates('calendar', 'terms') | indent(4) }}
)

select
    coalesce(cases.date_day, results.date_day) as date_day,
    coalesce(cases.business_days, results.business_days) as business_days,
    cases.due_at,
    results.due_at as actual_due_at
from cases
full outer join results on cases.date_day = results.date_day and cases.business_days = results.business_days
where
    cases.date_day is null
    or results.date_day is null
    or (results.due_at is distinct from cases.due_at and '{{ var("reporting_timezone") }}' = 'UTC')

union all

-- One row for each day and term, and no more.
select
    date_day,
    business_days,
    null as due_at,
    max(due_at) as actual_due_at
from results
group by date_day, business_days
having count(*) > 1
