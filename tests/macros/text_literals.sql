-- Tests the macro text_literal(): one row per text that the engine doesn't read back unchanged.
{%- set cases = {
    'plain': ('plain', "'plain'"),
    'nothing': ('', "''"),
    'a quote': ("it's", "'it' || chr(39) || 's'"),
    'quotes at both ends': ("''", "chr(39) || chr(39)"),
    'double quotes': ('"no"', "chr(34) || 'no' || chr(34)"),
    'a backslash': ('a\\nb', "'a' || chr(92) || 'nb'"),
    'a backslash before a quote': ("\\'", "chr(92) || chr(39)"),
    'two lines': ('one\ntwo', "'one' || chr(10) || 'two'"),
    'what a shell or a session would replace': ('$' ~ '{x}', "chr(36) || '{x}'"),
    'a comment': ('-- no', "chr(45) || '- no'"),
    'four bytes': ('é 😀', "'é ' || '😀'"),
} %}

with

cases as (
    {%- for what, (value, expected) in cases.items() %}
    select
        '{{ what }}' as what,
        {{ text_literal(value) }} as actual,
        {{ expected }} as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from cases
where actual is distinct from expected
