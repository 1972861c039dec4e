-- Grain: one row per visible raw row of writeback_attempts whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('writeback_attempts') }}
