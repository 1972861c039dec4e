-- Tests the macro text_as_timestamp(): one row per text that is read as another moment than expected, NULL where it is none.
-- Only where files are read: elsewhere nothing is read by way of its text.
{{ config(enabled=reads_files()) }}
{%- set texts = {
    '2026-03-02': '2026-03-02 00:00:00',
    '2026-03-02 09:00': '2026-03-02 09:00:00',
    '2026-03-02T09:00:01.5': '2026-03-02 09:00:01.5',
    '2026-03-02 09:00:01.123456000': '2026-03-02 09:00:01.123456',
    '2026-03-02 09:00:01.1234560001': 'null',
    '2024-02-29T23:59:59.999999Z': '2024-02-29 23:59:59.999999',
    '2026-03-02 09:00:00 Z': '2026-03-02 09:00:00',
    '2026-03-02 11:01:00 +02:00': '2026-03-02 09:01:00',
    '2026-03-02 11:01:00 +0200': '2026-03-02 09:01:00',
    '2026-03-02 11:01:00+02': '2026-03-02 09:01:00',
    '2026-03-02T00:10-00:45': '2026-03-02 00:55:00',
    '2026-03-02T00:10+00:30': '2026-03-01 23:40:00',
    '2026-12-31T20:00:00.5-14:00': '2027-01-01 10:00:00.5',
    '2026-03-02T00:10+14:00': '2026-03-01 10:10:00',
    'infinity': 'infinity',
    '-infinity': '-infinity',
    '9999-12-31': '9999-12-31 00:00:00',
    '': 'null',
    '2026-03-02 09:01:00 PM': 'null',
    '2026-03-02 04:01:00 EST': 'null',
    '2026-03-02 09:01:00 UTC': 'null',
    '2026-03-02 04:01:00 America/New_York': 'null',
    '2026-03-02 04:01:00+05:30:00': 'null',
    '2026-03-02 04:01:00+14:01': 'null',
    '2026-03-02 04:01:00+20:00': 'null',
    '2026-03-02 04:01:00+01:60': 'null',
    '2026-03-02 04:01:00 -5': 'null',
    '2026-03-02-05': 'null',
    '2026-03-02Z': 'null',
    '2026-02-29': 'null',
    '2026-02-30T09:00:00+01:00': 'null',
    '2026-03-02 24:00:00': 'null',
    '2026-03-02 09:00:60': 'null',
    '2026-03-02 09:00:00,5': 'null',
    '2026-03-02  09:00': 'null',
    ' 2026-03-02': 'null',
    '2026-03-02 ': 'null',
    '2026-03-02t09:00': 'null',
    '2026-3-2': 'null',
    '03/02/2026 09:00': 'null',
    '20260302T090000': 'null',
    '2026-W10-1': 'null',
    '1772442000': 'null',
    'epoch': 'null',
    '2026-03-02 (BC) 00:00:00': 'null',
    '12026-03-02': 'null',
} %}

with

texts as (
    {%- for written, expected in texts.items() %}
    select
        {{ text_literal(written) }} as written,
        cast({{ 'null' if expected == 'null' else text_literal(expected) }} as timestamp) as expected
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    written,
    expected,
    {{ text_as_timestamp('written', 'try_cast') }} as actual
from texts
where {{ text_as_timestamp('written', 'try_cast') }} is distinct from expected
