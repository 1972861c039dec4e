-- Tests the macros sha256(), keyed_hash() and is_sound_key(): one row per value with another hash, and per key with another verdict.
-- Expected hashes: Python's hashlib.sha256 of the bytes in UTF-8 of `abc` (as in FIPS 180-2), and of key || sha256(key || value).
{%- set text = dbt.type_string() %}
{%- set keyed = [
    ("'key'", "'ann'", "'4fb14905ebd95e243ee3bb9fcfee57882c0ec71ebca5aa7b78d6c45d0b86a132'"),
    ("'key'", "'Zoë 😀'", "'59a75e941e54aa98b4448b3480a2700a0c71674965f3f7b1b748abadf16f2a31'"),
    ("'key'", "''", "'24770f9bc61d79c45c41f76828fe115b41b8fff35e43ee556f37e1de5e0e22e2'"),
    ("'yek'", "'ann'", "'b39bd437f8b59095ab3b025794789798ce44a0985c653e7602c1f6cfc2dee0f0'"),
    ("'key'", 'null', 'null'),
    ('null', "'ann'", 'null'),
] %}
{%- set keys = {
    "'0123456789abcdefghijklmnopqrstuv'": true,
    "'wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'": true,
    "'0123456789abcdefghijklmnopqrstu'": false,
    "'0123456789abcdef ghijklmnopqrstuv'": false,
    "'0123456789abcdef''ghijklmnopqrstuv'": false,
    "'0123456789abcdefghijklmnopqrstuvö'": false,
    "''": false,
    'null': false,
} %}

with

results as (
    select
        'abc' as what,
        {{ sha256("cast('abc' as " ~ text ~ ")") }} as hashed,
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' as expected
    {%- for key, value, expected in keyed %}

    union all

    select
        'keyed {{ loop.index }}' as what,
        {{ keyed_hash('cast(' ~ value ~ ' as ' ~ text ~ ')', 'cast(' ~ key ~ ' as ' ~ text ~ ')') }} as hashed,
        cast({{ expected }} as {{ text }}) as expected
    {%- endfor %}
    {%- for key, expected in keys.items() %}

    union all

    select
        'key {{ loop.index }}' as what,
        case when {{ is_sound_key('cast(' ~ key ~ ' as ' ~ text ~ ')') }} then 'sound' else 'unsound' end as hashed,
        '{{ 'sound' if expected else 'unsound' }}' as expected
    {%- endfor %}
)

select * from results
where hashed is distinct from expected
