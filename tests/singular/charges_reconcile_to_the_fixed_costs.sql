-- Fails if the fixed charges of a local month, category and workflow (or of all of them) are not its fixed costs, to the cent, or if a
-- fixed cost that has begun and has no case isn't listed. By another route than the charges': a cost is split by the workflows' numbers
-- of cases.

with

fixed_costs as (
    select * from {{ ref('stg_reference__fixed_costs') }}
),

-- The reporting currency is worth 1, whatever a row of its own says.
fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
    where currency <> '{{ var("reporting_currency") }}'
),

converted_from as (
    select
        fixed_costs.month,
        fx_rates.currency,
        max(fx_rates.valid_from) as valid_from
    from fixed_costs
    inner join fx_rates on fixed_costs.currency = fx_rates.currency and fixed_costs.month >= fx_rates.valid_from
    group by fixed_costs.month, fx_rates.currency
),

-- Null where there is no exchange rate.
converted as (
    select
        fixed_costs.month,
        fixed_costs.category,
        fixed_costs.workflow,
        fixed_costs.amount
        * case when fixed_costs.currency = '{{ var("reporting_currency") }}' then 1 else fx_rates.rate end as amount,
        {{ rate(
            minutes_between(to_utc('fixed_costs.month'), as_of()),
            minutes_between(to_utc('fixed_costs.month'), to_utc(dbt.dateadd('month', 1, 'fixed_costs.month'))),
        ) }} as elapsed_share
    from fixed_costs
    left join converted_from
        on fixed_costs.month = converted_from.month and fixed_costs.currency = converted_from.currency
    left join fx_rates
        on converted_from.currency = fx_rates.currency and converted_from.valid_from = fx_rates.valid_from
),

case_counts as (
    select
        {{ local_month('triggered_at') }} as month,
        workflow,
        count(*) as case_count,
        sum(count(*)) over (partition by {{ local_month('triggered_at') }}) as month_case_count
    from {{ ref('fct_case_journey') }}
    group by {{ local_month('triggered_at') }}, workflow
),

both_sides as (
    select
        converted.month,
        converted.category,
        coalesce(case_counts.workflow, '(no case)') as workflow,
        coalesce(case_counts.case_count, 1) as expected_count,
        case when converted.amount is not null then coalesce(case_counts.case_count, 0) else 0 end as expected_priced,
        coalesce(
            converted.amount
            * case when converted.elapsed_share < 0 then 0 when converted.elapsed_share > 1 then 1 else converted.elapsed_share end
            * case when converted.workflow is null then {{ rate('case_counts.case_count', 'case_counts.month_case_count') }} else 1 end
            * case when case_counts.case_count is null then 0 else 1 end,
            0
        ) as expected_amount,
        0 as charged_count,
        0 as charged_priced,
        0 as charged_amount
    from converted
    left join case_counts
        on converted.month = case_counts.month and coalesce(converted.workflow, case_counts.workflow) = case_counts.workflow
    where case_counts.case_count is not null or converted.elapsed_share >= 0

    union all

    select
        {{ local_month('charges.charged_at') }} as month,
        charges.category,
        cases.workflow,
        0 as expected_count,
        0 as expected_priced,
        0 as expected_amount,
        1 as charged_count,
        case when charges.amount is null then 0 else 1 end as charged_priced,
        coalesce(charges.amount, 0) as charged_amount
    from {{ ref('fct_charge') }} as charges
    inner join {{ ref('fct_case_journey') }} as cases on charges.case_id = cases.case_id
    where charges.is_fixed

    union all

    select
        month,
        category,
        '(no case)' as workflow,
        0 as expected_count,
        0 as expected_priced,
        0 as expected_amount,
        1 as charged_count,
        0 as charged_priced,
        0 as charged_amount
    from {{ ref('int_fixed_cost__shared') }}
    where has_begun and case_count = 0
),

compared as (
    select
        month,
        category,
        coalesce(workflow, '(all)') as workflow,
        sum(expected_count) as expected_count,
        sum(charged_count) as charged_count,
        sum(expected_priced) as expected_priced,
        sum(charged_priced) as charged_priced,
        sum(expected_amount) as expected_amount,
        sum(charged_amount) as charged_amount
    from both_sides
    group by grouping sets ((month, category), (month, category, workflow)) -- noqa: PRS
)

select * from compared
where
    expected_count <> charged_count
    or expected_priced <> charged_priced
    or abs(expected_amount - charged_amount) >= 0.005
