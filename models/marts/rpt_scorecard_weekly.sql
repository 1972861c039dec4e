-- Grain: one row per week and workflow or (all).
-- noqa: disable=LT02

with

verdicts as (
    select * from {{ ref('int_kpi__verdicts') }}
    where period_kind = 'week'
)

select
    period_start as week_start,
    workflow,
    {%- for kpi_id in kpis_with_verdict() %}
    max(case when kpi_id = '{{ kpi_id }}' then value end) as {{ kpi_id }},
    max(case when kpi_id = '{{ kpi_id }}' then status end) as {{ kpi_id }}_status{{ ',' if not loop.last }}
    {%- endfor %}
from verdicts
group by period_start, workflow
