-- Tests content_hash() and rows_hash(): one row per pair of tables whose hashes are equal where the tables differ, or the other way round.
{%- set pairs = [
    ('rows in another order', "('A', 'B'), ('C', 'D')", "('C', 'D'), ('A', 'B')", true),
    ('another text', "('A', 'B')", "('A', 'b')", false),
    ('marks within a text', "('A|=B', 'C')", "('A', 'B|=C')", false),
    ('the same text in another column', "('A', 'B')", "('B', 'A')", false),
    ('a null and an empty text', "(null, 'B')", "('', 'B')", false),
    ('a null and a dash', "(null, 'B')", "('-', 'B')", false),
    ('a row twice', "('A', 'B')", "('A', 'B'), ('A', 'B')", false),
] %}

with

{%- for what, one, other, are_equal in pairs %}
one_{{ loop.index }} as (
    select listed.* from (values ('', ''), {{ one }}) as listed (first_text, second_text)
),

other_{{ loop.index }} as (
    select listed.* from (values ('', ''), {{ other }}) as listed (first_text, second_text)
),
{% endfor %}
results as (
    {%- for what, one, other, are_equal in pairs %}
    select
        'content_hash: {{ what }}' as what,
        {{ are_equal }} as are_equal,
        ({{ content_hash('one_' ~ loop.index, ['first_text', 'second_text']) }})
        = ({{ content_hash('other_' ~ loop.index, ['first_text', 'second_text']) }}) as are_equal_hashes
    union all
    select
        'rows_hash: {{ what }}' as what,
        {{ are_equal }} as are_equal,
        (select {{ rows_hash('one_' ~ loop.index) }} from one_{{ loop.index }})
        = (select {{ rows_hash('other_' ~ loop.index) }} from other_{{ loop.index }}) as are_equal_hashes
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    union all
    select
        'rows_hash: no row' as what,
        true as are_equal,
        {{ rows_hash('one_1') }} = 0 as are_equal_hashes
    from one_1
    where false
)

select * from results
where are_equal_hashes is distinct from are_equal
