-- Grain: one row per visible raw row of case_closures whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('case_closures') }}
