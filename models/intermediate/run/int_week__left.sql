-- Grain: one row per pass over the units of KPIs and week that the cases which this build rebuilds stood in before.
{{ config(materialized='table') }}

{{ unit_weeks(before=true) }}
