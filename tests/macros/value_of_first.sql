-- Tests the macro value_of_first(): one row per group and kind of value whose first row, or its value, is another than expected.
-- first_number: the first by occurred_at, then by event_id. last_number: the last by both, moments that are NULL left for the end.
{%- set text = dbt.type_string() %}
{#- Rows of number, occurred_at and event_id; the number of the first, and of the last. A row's values follow from its number. -#}
{%- set groups = {
    'group of one': ([(2, "'2026-01-05'", "'a'")], 2, 2),
    'group of one without a moment': ([(2, 'null', "'a'")], 2, 2),
    'the first of three': ([(1, "'2026-01-06'", "'a'"), (2, "'2026-01-05'", "'b'"), (4, "'2026-01-07'", "'c'")], 2, 4),
    'its value is NULL': ([(4, "'2026-01-06'", "'a'"), (3, "'2026-01-05'", "'b'")], 3, 4),
    'the last value is NULL': ([(3, "'2026-01-06'", "'a'"), (4, "'2026-01-05'", "'b'")], 4, 3),
    'no moment comes last': ([(1, 'null', "'a'"), (2, "'2026-01-05'", "'b'")], 2, 2),
    'no moments at all': ([(4, 'null', "'b'"), (2, 'null', "'a'")], 2, 4),
    'outermost moments': ([(1, outermost_moment('+'), "'a'"), (2, outermost_moment('-'), "'b'"), (4, "'2026-01-05'", "'c'")], 2, 1),
    'a microsecond': ([(1, "'2026-01-05 10:00:00.000002'", "'a'"), (2, "'2026-01-05 10:00:00.000001'", "'b'")], 2, 1),
    'a tie': ([(4, "'2026-01-05'", "'b'"), (2, "'2026-01-05'", "'a'")], 2, 4),
    'bytes break a tie': ([(4, "'2026-01-05'", "'a'"), (2, "'2026-01-05'", "'B'")], 2, 4),
    'a mark before a letter': ([(4, "'2026-01-05'", "'ab'"), (2, "'2026-01-05'", "'a-c'")], 2, 4),
    'a text and its beginning': ([(4, "'2026-01-05'", "'aa'"), (2, "'2026-01-05'", "'a'")], 2, 4),
    'an empty text': ([(4, "'2026-01-05'", "'a'"), (2, "'2026-01-05'", "''")], 2, 4),
    'four bytes after three': ([(4, "'2026-01-05'", "'😀'"), (2, "'2026-01-05'", "'ﬀ'")], 2, 4),
    'NULL after all texts': ([(4, "'2026-01-05'", 'null'), (2, "'2026-01-05'", "'z'")], 2, 2),
} %}

with

events as (
    {%- for what, (events, first_number, last_number) in groups.items() %}
    {%- set is_last_group = loop.last %}
    {%- for number, occurred_at, event_id in events %}
    select
        '{{ what }}' as what,
        {{ number }} as event_number,
        cast({{ occurred_at }} as timestamp) as occurred_at,
        cast({{ event_id }} as {{ text }}) as event_id
    {{ 'union all' if not (is_last_group and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

-- A value per type and number; the third event has none.
valued as (
    select
        *,
        case when event_number <> 3 then 'text ' || cast(event_number as {{ text }}) end as text_value,
        case when event_number <> 3 then event_number = 2 end as boolean_value,
        case when event_number <> 3 then {{ add_seconds("cast('2026-02-01' as timestamp)", 'event_number') }} end as timestamp_value,
        cast(case when event_number <> 3 then event_number + 0.25 end as decimal(18, 2)) as decimal_value,
        cast(case when event_number <> 3 then event_number + 0.1 end as {{ type_double() }}) as double_value
    from events
),

expected as (
    {%- for what, (events, first_number, last_number) in groups.items() %}
    select
        '{{ what }}' as what,
        {{ first_number }} as first_number,
        {{ last_number }} as last_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{%- set first = ['occurred_at', byte_order('event_id')] %}
{%- set last = ['occurred_at desc', byte_order('event_id') ~ ' desc'] %}
{%- set of_the_fourth = ['case when event_number = 4 then 0 else 1 end'] + first %}

results as (
    select
        what,
        {{ value_of_first('event_number', first) }} as first_number,
        {{ value_of_first('text_value', first) }} as text_value,
        {{ value_of_first('boolean_value', first) }} as boolean_value,
        {{ value_of_first('timestamp_value', first) }} as timestamp_value,
        {{ value_of_first('decimal_value', first) }} as decimal_value,
        {{ value_of_first('double_value', first) }} as double_value,
        {{ value_of_first('event_number', last) }} as last_number,
        {{ value_of_first('text_value', last) }} as last_text_value,
        {{ value_of_first('case when event_number = 4 then event_id end', of_the_fourth) }} as fourth_event_id,
        max(case when event_number = 4 then event_id end) as expected_fourth_event_id
    from valued
    group by what
),

-- Without a row there is no first one.
no_rows as (
    select {{ value_of_first('event_number', first) }} as first_number
    from valued
    where what = 'nothing of that name'
)

select
    expected.what,
    expected.first_number,
    results.first_number as actual_first_number,
    expected.last_number,
    results.last_number as actual_last_number
from expected
left join results on expected.what = results.what
left join valued as first_events on expected.what = first_events.what and expected.first_number = first_events.event_number
left join valued as last_events on expected.what = last_events.what and expected.last_number = last_events.event_number
where
    results.first_number is distinct from expected.first_number
    or results.last_number is distinct from expected.last_number
    or results.text_value is distinct from first_events.text_value
    or results.boolean_value is distinct from first_events.boolean_value
    or results.timestamp_value is distinct from first_events.timestamp_value
    or results.decimal_value is distinct from first_events.decimal_value
    or results.double_value is distinct from first_events.double_value
    or results.last_text_value is distinct from last_events.text_value
    or results.fourth_event_id is distinct from results.expected_fourth_event_id

union all

select
    'no row' as what,
    null as first_number,
    first_number as actual_first_number,
    null as last_number,
    null as actual_last_number
from no_rows
where first_number is not null
