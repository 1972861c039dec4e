-- Grain: one row per KPI of a percentile, week, workflow or (all), and cohort that has a unit.

{#- One statement per cohort dimension: exact percentiles hold every value of every cell in memory until their statement ends. -#}
{%- set hooks = [] %}
{%- for dimension in cohort_dimensions() %}
{%- do hooks.append("{{ insert_percentiles('" ~ dimension ~ "') }}") %}
{%- endfor %}
{{ config(materialized='table', post_hook=hooks) }}

{{ percentiled_cells('all') }}
