-- Grain: one row per KPI of a percentile over logical writebacks, week, workflow or (all), and cohort that has a unit.
{{ config(materialized='table') }}

{{ percentiles_of('writebacks') }}
