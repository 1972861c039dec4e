-- Grain: one row per visible raw row of identity_checks.

with

{{ classified_events('identity_checks') }}
