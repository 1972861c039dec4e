-- Grain: one row per visible raw row of writeback_acks whose event_id is not simply that of one accepted row.

with

{{ exceptional_events(
    'writeback_acks',
    reference={'column': 'idempotency_key', 'table': 'writeback_attempts', 'key': 'idempotency_key'},
) }}
