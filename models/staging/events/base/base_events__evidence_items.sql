-- Grain: one row per visible raw row of evidence_items.

with

{{ classified_events('evidence_items') }}
