-- Grain: one row per KPI, pass that reads its units, week, workflow, and cohort that has a unit. The sums can be summed further.
{{ config(materialized='table_in_parts') }}

{%- for name in kpi_passes() %}

select * from (
    {{ pass_query(name) | indent(4) }}
) as cells
{{ next_part() if not loop.last }}
{%- endfor %}
