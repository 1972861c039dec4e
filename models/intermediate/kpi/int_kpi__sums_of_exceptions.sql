-- Grain: one row per KPI, workflow, and local day, or week and cohort, with a counted unit: what the KPIs count of exceptions.
{{ config(materialized='table') }}

{{ kpi_sums('exceptions') }}
