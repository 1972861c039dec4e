-- Grain: one row per visible raw row of identity_checks whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('identity_checks') }}
