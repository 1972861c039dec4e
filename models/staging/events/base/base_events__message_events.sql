-- Grain: one row per visible raw row of message_events whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('message_events') }}
