-- Grain: one row per trigger week, workflow or (all), and cohort with a case that has this stage's own event.
{{ config(materialized='table') }}

{{ funnel_median_to('identity_passed') }}
