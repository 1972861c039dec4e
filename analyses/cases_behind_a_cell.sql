-- Grain: one row per unit behind one cell of rpt_kpi_weekly, in the order of their clock.
{%- set dimension = ask_cohort_dimension('all') %}

with

contributions as (
    select * from {{ ref('fct_kpi_contribution') }}
),

cases as (
    select * from {{ ref('fct_case_journey') }}
),

final as (
    select
        contributions.case_id,
        contributions.unit_id,
        contributions.clock_at,
        contributions.numerator,
        contributions.denominator,
        contributions.observed_value,
        contributions.workflow,
        cases.stage,
        cases.resolved_at,
        cases.is_agent_touched
    from contributions
    inner join cases on contributions.case_id = cases.case_id
    where
        contributions.kpi_id = {{ ask_kpi('writeback_success_rate') }}
        and contributions.week_start = {{ ask_week('ask_week', '2026-03-16') }}
        and {{ ask_text('ask_workflow', 'failed_payment') }} in ('(all)', contributions.workflow)
        and {{ ask_is_in_cohort(dimension, 'cases') }}
)

-- A case and a charge, say, may have the same id: the denominator tells the two sides of a KPI apart.
select * from final
order by clock_at, {{ byte_order('case_id') }}, {{ byte_order('unit_id') }}, denominator
