-- Grain: one row per week and workflow or (all) with a charge.
{{ config(materialized='table') }}
{%- set kpi = kpi_definitions()['cost_per_resolved_case'] %}

with

cases as (
    select
        case_id,
        workflow
    from {{ ref('int_case__assembled') }}
),

-- By the KPI's own clock and amount.
charges as (
    select
        case_id,
        {{ local_week(kpi.clock) }} as week_start,
        {{ kpi.numerator }} as amount,
        case when is_fixed then 'fixed' else category end as part
    from {{ ref('int_charge__charged') }}
),

parted as (
    select
        charges.week_start,
        charges.part,
        charges.amount,
        cases.workflow
    from charges
    inner join cases on charges.case_id = cases.case_id
)

select
    week_start,
    {%- for part in ['messaging', 'agent', 'platform', 'fixed'] %}
    {{ exact_sum("case when part = '" ~ part ~ "' then amount end") }} as {{ part }}_cost,
    {%- endfor %}
    coalesce(workflow, '(all)') as workflow
from parted
group by grouping sets ((week_start), (week_start, workflow)) -- noqa: PRS
