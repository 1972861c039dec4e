-- Grain: one row per visible raw row of action_events whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('action_events') }}
