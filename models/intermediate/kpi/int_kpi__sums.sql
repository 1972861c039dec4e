-- Grain: one row per KPI, workflow, and local day (cohort all), or week and cohort, and kind of unit that is counted there.

{% for unit in kpi_units() %}
select * from {{ ref('int_kpi__sums_of_' ~ unit) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
