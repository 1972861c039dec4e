-- Grain: one row per visible raw row of exceptions whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('exceptions') }}
