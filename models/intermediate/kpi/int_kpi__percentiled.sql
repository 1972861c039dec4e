-- Grain: one row per KPI of a percentile, week, workflow or (all), and cohort that has a unit.
{{ config(materialized='table_in_parts') }}

{%- for dimension in ['all'] + cohort_dimensions() %}

select * from (
    {{ percentiled_cells(dimension) | indent(4) }}
) as cells
{{ next_part() if not loop.last }}
{%- endfor %}
