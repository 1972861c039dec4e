-- Grain: one row per visible raw row of evidence_items whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('evidence_items') }}
