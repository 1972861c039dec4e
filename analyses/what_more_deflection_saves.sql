-- Grain: one row per line of the calculation, in its order.
{%- set money = var('reporting_currency') %}
{%- set touched_rate = rate('touched_cases', 'resolved_cases') %}
{%- set lines = [
    ('whole months', 'month_count', 'months', 'local months that began no earlier than the first trigger and are over'),
    ('resolved', 'resolved_cases', 'cases a month', 'by resolved_at'),
    ('touched by an agent', 'touched_cases', 'cases a month', 'of the resolved ones, whenever touched and whatever for'),
    ('deflection rate', '1 - ' ~ touched_rate, 'rate', 'resolved without an agent ÷ resolved'),
    ('more deflection', 'points', 'percentage points', 'the var ask_points'),
    ('spared the agents', 'spared_cases', 'cases a month', 'points of the resolved ones, at most all touched ones; as many are resolved as before'),
    ('agent cost of one', 'cost_per_case', money, 'handling and wrap-up of a touched case at the rates of their dates; a spared one is like the average'),
    ('agent minutes of one', 'minutes_per_case', 'minutes', 'handling and wrap-up, likewise; unknown minutes count as 0'),
    ('agent cost saved', 'spared_cases * cost_per_case', money ~ ' a month', 'if minutes not worked are not paid; messages and platform cost the same'),
    ('agent hours saved', 'spared_cases * minutes_per_case / 60', 'hours a month', 'for other work, if they are paid all the same'),
    ('fixed agent cost', 'fixed_cost', money ~ ' a month', 'not saved: it stays until a contract changes'),
    ('unpriced charges', 'unpriced_charges', 'charges', 'of touched cases, without a rate or without known minutes: they count as 0, and the cost saved is too low'),
] %}

with

cases as (
    select * from {{ ref('fct_case_journey') }}
    where {{ ask_text('ask_workflow', '(all)') }} in ('(all)', workflow)
),

charges as (
    select * from {{ ref('fct_charge') }}
    where category = 'agent'
),

bounds as (
    select
        min({{ local_date('triggered_at') }}) as first_date,
        min({{ local_month('triggered_at') }}) as month_of_first_date,
        {{ local_month(as_of()) }} as end_month
    from cases
),

begun as (
    select
        case
            when first_date = month_of_first_date then first_date
            else cast({{ dbt.dateadd('month', 1, 'month_of_first_date') }} as date)
        end as first_month,
        end_month
    from bounds
),

months as (
    select
        first_month,
        end_month,
        case
            when first_month < end_month
                then {{ dbt.datediff('first_month', 'end_month', 'month') }}
            else 0
        end as month_count
    from begun
),

resolved as (
    select cases.*
    from cases
    inner join months
        on
            {{ local_month('cases.resolved_at') }} >= months.first_month
            and {{ local_month('cases.resolved_at') }} < months.end_month
),

counted as (
    select
        count(*) as resolved_cases,
        count(case when is_agent_touched then 1 end) as touched_cases,
        {{ exact_sum('case when is_agent_touched then agent_minutes end') }} as touched_minutes
    from resolved
),

priced as (
    select
        {{ exact_sum('charges.amount') }} as touched_cost,
        count(*) - count(charges.amount) as unpriced_charges
    from charges
    inner join resolved on charges.case_id = resolved.case_id
    where not charges.is_fixed
),

fixed as (
    select {{ exact_sum('charges.amount') }} as fixed_cost
    from charges
    inner join cases on charges.case_id = cases.case_id
    inner join months
        on
            {{ local_month('charges.charged_at') }} >= months.first_month
            and {{ local_month('charges.charged_at') }} < months.end_month
    where charges.is_fixed
),

averaged as (
    select
        months.month_count,
        {{ rate('counted.resolved_cases', 'months.month_count') }} as resolved_cases,
        {{ rate('counted.touched_cases', 'months.month_count') }} as touched_cases,
        {{ ask_points(1) }} as points,
        {{ rate('coalesce(priced.touched_cost, 0)', 'counted.touched_cases') }} as cost_per_case,
        {{ rate('counted.touched_minutes', 'counted.touched_cases') }} as minutes_per_case,
        {{ rate('coalesce(fixed.fixed_cost, 0)', 'months.month_count') }} as fixed_cost,
        priced.unpriced_charges
    from months
    cross join counted
    cross join priced
    cross join fixed
),

spared as (
    select
        *,
        case
            when resolved_cases * points / 100 < touched_cases then resolved_cases * points / 100
            else touched_cases
        end as spared_cases
    from averaged
),

final as (
    {%- for what, value, unit, assumption in lines %}
    select
        {{ loop.index }} as line,
        {{ text_literal(what) }} as what,
        cast({{ value }} as {{ type_double() }}) as value,
        {{ text_literal(unit) }} as unit,
        {{ text_literal(assumption) }} as assumption
    from spared
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
order by line
