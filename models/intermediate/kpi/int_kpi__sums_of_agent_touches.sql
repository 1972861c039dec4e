-- Grain: one row per KPI, workflow, and local day, or week and cohort, with a counted unit: what the KPIs count of agent touches.
{{ config(materialized='table') }}

{{ kpi_sums('agent_touches') }}
