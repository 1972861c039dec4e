-- Grain: one row per visible raw row of message_events.

with

{{ classified_events('message_events') }}
