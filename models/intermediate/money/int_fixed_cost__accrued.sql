-- Grain: one row per row of fixed_costs; amount accrued by as_of, in reporting currency.

with

fixed_costs as (
    select
        *,
        row_number() over (
            order by
                month, {{ byte_order('category') }}, {{ byte_order('workflow') }} nulls first,
                {{ byte_order('currency') }}, amount
        ) as fixed_cost_number,
        {{ to_utc('month') }} as starts_at,
        {{ to_utc(dbt.dateadd('month', 1, 'month')) }} as ends_at
    from {{ ref('stg_reference__fixed_costs') }}
),

fx as (
    select * from {{ ref('int_fx__daily') }}
),

elapsed as (
    select
        *,
        case
            when ends_at <= {{ as_of() }} then 1
            when starts_at <= {{ as_of() }}
                then {{ rate(seconds_between('starts_at', as_of()), seconds_between('starts_at', 'ends_at')) }}
            else 0
        end as elapsed_share
    from fixed_costs
)

select
    elapsed.fixed_cost_number,
    elapsed.month,
    elapsed.category,
    elapsed.workflow,
    elapsed.starts_at <= {{ as_of() }} as has_begun,
    elapsed.amount * fx.rate * elapsed.elapsed_share as accrued_amount
from elapsed
left join fx on elapsed.currency = fx.currency and elapsed.month = fx.date_day
