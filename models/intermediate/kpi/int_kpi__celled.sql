-- Grain: one row per KPI, pass that reads its units, week, workflow, and cohort that has a unit. The sums can be summed further.

{#- One statement per pass: a statement keeps in memory what each of its parts has joined and grouped, until it ends. -#}
{%- set passes = kpi_passes() | list %}
{%- set hooks = [] %}
{%- for name in passes[1:] %}
{%- do hooks.append("{{ insert_pass('" ~ name ~ "') }}") %}
{%- endfor %}
{{ config(materialized='table', post_hook=hooks) }}

{{ pass_query(passes[0]) }}
