-- Grain: one row per visible raw row of writeback_attempts.

with

{{ classified_events('writeback_attempts') }}
