-- Grain: one row per trigger week, workflow or (all), and cohort with a case.
{%- set passes = ['cases_by_triggered_at'] %}
{{ config(materialized='incremental', incremental_strategy='touched_weeks', meta={'passes': passes}, on_schema_change='fail') }}

select * from {{ ref('int_funnel__counted') }}
where {{ is_touched_week(passes) }}
