-- Grain: one row per KPI, workflow, and local day, or week and cohort, with a counted unit: what the KPIs count of identity checks.
{{ config(materialized='table') }}

{{ kpi_sums('identity_checks') }}
