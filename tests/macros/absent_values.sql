-- Tests the macros is_absent_from() and not_materialized(): one row per value with another verdict than expected.
{%- set cases = {"'a'": 'false', "'A'": 'true', "'c'": 'true', "''": 'true'} %}

with

listed_values as (
    select 'a' as listed_value
    union all
    select 'a' as listed_value
    union all
    select 'b' as listed_value
),

no_values as (
    select listed_value
    from listed_values
    where listed_value = 'nothing of that name'
),

cases as {{ not_materialized() }} (
    {%- for value, expected in cases.items() %}
    select
        cast({{ value }} as {{ dbt.type_string() }}) as sought,
        {{ expected }} as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

absent as (
    select cases.sought
    from cases
    where {{ is_absent_from('cases.sought', 'listed_values', 'listed_value') }}
),

absent_from_nothing as (
    select cases.sought
    from cases
    where {{ is_absent_from('cases.sought', 'no_values', 'listed_value') }}
)

select
    cases.sought,
    cases.expected,
    absent.sought is not null as actual,
    absent_from_nothing.sought is not null as actual_where_nothing_is_listed
from cases
left join absent on cases.sought = absent.sought
left join absent_from_nothing on cases.sought = absent_from_nothing.sought
where
    (absent.sought is not null) <> cases.expected
    or absent_from_nothing.sought is null
