-- Grain: one row per payment event that moved money; refunds are negative, in reporting currency.

with

payments as (
    select * from {{ ref('stg_events__payments') }}
    where status in ('succeeded', 'refunded')
),

fx as (
    select * from {{ ref('int_fx__daily') }}
)

select
    payments.event_id,
    payments.case_id,
    payments.flow,
    payments.status,
    payments.occurred_at,
    payments.amount * fx.rate * case when payments.status = 'refunded' then -1 else 1 end as net_amount
from payments
inner join fx
    on
        payments.currency = fx.currency
        and {{ local_date('payments.occurred_at') }} = fx.date_day
