-- Grain: one row per cohort value, and their total, which comes first.
{%- set dimension = ask_cohort_dimension('risk_tier', others=['workflow']) %}
{%- set kpi = ask_kpi('identity_pass_rate', kinds=['rate', 'ratio']) %}
{%- set workflow = ask_text('ask_workflow', '(all)') %}
{%- set earlier_week = ask('ask_earlier_week', '2026-02-09') %}
{%- set later_week = ask('ask_week', '2026-02-23') %}
{%- set earlier_date = ask_week('ask_earlier_week', earlier_week) %}
{%- set later_date = ask_week('ask_week', later_week) %}
{%- if earlier_week >= later_week %}
    {{ ask_refuse('ask_earlier_week', 'Use a week before ask_week, which is ' ~ later_week ~ '.') }}
{%- endif %}

with

weekly as (
    select * from {{ ref('rpt_kpi_weekly') }}
),

-- Workflows are compared by their cells of all cases, cohorts by their own.
cells as (
    select
        *,
        week_start = {{ later_date }} as is_later,
        cohort_dimension = 'all' and workflow = {{ workflow }} as is_total,
        {%- if dimension == 'workflow' %}
        cohort_dimension = 'all' and workflow <> '(all)' and {{ workflow }} in ('(all)', workflow) as is_part,
        workflow as part
        {%- else %}
        cohort_dimension = '{{ dimension }}' and workflow = {{ workflow }} as is_part,
        cohort_value as part
        {%- endif %}
    from weekly
    where kpi_id = {{ kpi }} and week_start in ({{ earlier_date }}, {{ later_date }})
),

totals as (
    select
        max(case when not is_later then denominator end) as earlier_denominator,
        max(case when is_later then denominator end) as later_denominator,
        max(case when not is_later then value end) as earlier_value,
        max(case when is_later then value end) as later_value
    from cells
    where is_total
),

-- A cohort without a cell in one of the weeks had nothing there.
parts as (
    select
        part,
        coalesce(max(case when not is_later then numerator end), 0) as earlier_numerator,
        coalesce(max(case when is_later then numerator end), 0) as later_numerator,
        coalesce(max(case when not is_later then denominator end), 0) as earlier_denominator,
        coalesce(max(case when is_later then denominator end), 0) as later_denominator
    from cells
    where is_part and (numerator <> 0 or denominator <> 0)
    group by part
),

-- A share is the cohort's part of all units, a contribution its part of the KPI's value.
shares as (
    select
        parts.part,
        parts.earlier_denominator,
        parts.later_denominator,
        {{ rate('parts.earlier_numerator', 'parts.earlier_denominator') }} as earlier_value,
        {{ rate('parts.later_numerator', 'parts.later_denominator') }} as later_value,
        {{ rate('parts.later_denominator', 'totals.later_denominator') }}
        - {{ rate('parts.earlier_denominator', 'totals.earlier_denominator') }} as share_change,
        {{ rate('parts.later_numerator', 'totals.later_denominator') }}
        - {{ rate('parts.earlier_numerator', 'totals.earlier_denominator') }} as contribution_change,
        0.5 * (totals.earlier_value + totals.later_value) as overall_level
    from parts
    cross join totals
),

-- A level lies midway between both weeks; a value of one week only is taken for both, and none for 0.
levels as (
    select
        *,
        coalesce(0.5 * (earlier_value + later_value), earlier_value, later_value, 0) as level
    from shares
),

-- With a value in both weeks the rate effect is the change of the value × the mean share. Written as what the mix leaves over, it
-- also holds what a cohort without units adds to the numerator, and the sum stays exact.
effects as (
    select
        part,
        earlier_denominator,
        later_denominator,
        earlier_value,
        later_value,
        share_change * (level - overall_level) as mix_effect,
        contribution_change - share_change * level as rate_effect
    from levels
),

summed as (
    select
        {{ exact_sum('mix_effect') }} as mix_effect,
        {{ exact_sum('rate_effect') }} as rate_effect
    from effects
),

final as (
    select
        1 as place,
        '(total)' as cohort_value,
        totals.earlier_value,
        totals.later_value,
        summed.mix_effect,
        summed.rate_effect,
        totals.later_value - totals.earlier_value as change,
        totals.earlier_denominator,
        totals.later_denominator
    from totals
    cross join summed

    union all

    select
        2 as place,
        part as cohort_value,
        earlier_value,
        later_value,
        mix_effect,
        rate_effect,
        mix_effect + rate_effect as change,
        earlier_denominator,
        later_denominator
    from effects
)

select
    cohort_value,
    earlier_value,
    later_value,
    mix_effect,
    rate_effect,
    change,
    earlier_denominator,
    later_denominator
from final
order by place, abs(change) desc, {{ byte_order('cohort_value') }}
