-- Tests the macro json_object(): one row per value that does not come back from the JSON text as it went in. A text that is no
-- JSON makes the test fail with an error.
{%- set columns = {
    'note': 'text?', 'is_valid': 'boolean', 'occurred_at': 'timestamp', 'attempt': 'integer', 'minutes': 'double', 'amount': 'money',
} %}
{%- set texts = [
    "'plain'", "'he said \"no\"'", "'back\\slash and /'", "'it''s'", "'two' || chr(10) || 'lines'", "'tab' || chr(9)", "'é 😀'", "''", 'null',
] %}
{%- set numbers = ['0', '-1.5', '1e300', "'Infinity'", "'-Infinity'", "'NaN'", 'null'] %}

with

cases as (
    {%- for text in texts %}
    select
        cast({{ text }} as {{ dbt.type_string() }}) as note,
        true as is_valid,
        cast('2026-01-05 10:00:00.000001' as timestamp) as occurred_at,
        cast(9007199254740993 as {{ dbt.type_bigint() }}) as attempt,
        cast(0.1 as {{ type_double() }}) as minutes,
        cast(9999999999999.99 as decimal(18, 2)) as amount
    union all
    {%- endfor %}
    {%- for number in numbers %}
    select
        'a number' as note,
        false as is_valid,
        cast(null as timestamp) as occurred_at,
        cast(null as {{ dbt.type_bigint() }}) as attempt,
        cast({{ number }} as {{ type_double() }}) as minutes,
        cast(null as decimal(18, 2)) as amount
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

written as (
    select
        *,
        {{ json_object(columns) }} as row_json
    from cases
)

select
    note,
    minutes,
    row_json
from written
where
    {{ json_member('row_json', 'note') }} is distinct from note
    or cast({{ json_member('row_json', 'is_valid') }} as {{ dbt.type_boolean() }}) is distinct from is_valid
    or cast({{ json_member('row_json', 'occurred_at') }} as timestamp) is distinct from occurred_at
    or cast({{ json_member('row_json', 'attempt') }} as {{ dbt.type_bigint() }}) is distinct from attempt
    or cast({{ json_member('row_json', 'minutes') }} as {{ type_double() }}) is distinct from minutes
    or cast({{ json_member('row_json', 'amount') }} as decimal(18, 2)) is distinct from amount
    -- JSON has no such number: it has to be a text, even where the engine's own parser is lenient. NaN is above everything.
    or ((minutes > 1e308 or minutes < -1e308) and row_json not like '%Infinity"%' and row_json not like '%NaN"%')
