-- Grain: one row per KPI of a percentile over cases, week, workflow or (all), and cohort that has a unit.
{{ config(materialized='table') }}

{{ percentiles_of('cases') }}
