-- Grain: one row per visible raw row of exceptions.

with

{{ classified_events('exceptions') }}
