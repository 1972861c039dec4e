-- Tests the macro sorted_texts(): one row per group whose texts are put together in another way than in the order of their bytes.
{%- set groups = {
    'one': (["'a'"], "'a'"),
    'in the order of their bytes': (["'b'", "'a'", "'B'", "'10'", "'2'"], "'102Bab'"),
    'a text twice': (["'b'", "'a'", "'b'"], "'abb'"),
    'without NULLs': (["'b'", 'null', "'a'"], "'ab'"),
    'nothing but NULL': (['null'], 'null'),
} %}

with

texts as (
    {%- for what, (values, expected) in groups.items() %}
    {%- set is_last_group = loop.last %}
    {%- for value in values %}
    select
        '{{ what }}' as what,
        cast({{ value }} as {{ dbt.type_string() }}) as listed_text,
        cast({{ expected }} as {{ dbt.type_string() }}) as expected
    {{ 'union all' if not (is_last_group and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

results as (
    select
        what,
        expected,
        {{ sorted_texts('listed_text') }} as actual
    from texts
    group by what, expected

    union all

    select
        'no text' as what,
        null as expected,
        {{ sorted_texts('listed_text') }} as actual
    from texts
    where what = 'nothing of that name'
)

select * from results
where actual is distinct from expected
