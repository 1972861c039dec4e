-- Grain: one row per KPI, workflow, and local day (cohort all), or week and cohort, and kind of unit that is counted there.
-- What it unites are tables, because in one statement each kind of unit would hold a hash table of all cases at the same time.

{% for unit in kpi_units() %}
select * from {{ ref('int_kpi__sums_of_' ~ unit) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
