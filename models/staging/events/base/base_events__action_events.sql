-- Grain: one row per visible raw row of action_events.

with

{{ classified_events('action_events') }}
