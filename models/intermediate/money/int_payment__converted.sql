-- Grain: one row per payment event, with what it moved in reporting currency: refunds are negative, a failed payment moved nothing.

with

payments as (
    select * from {{ ref('stg_events__payments') }}
),

fx as (
    select * from {{ ref('int_fx__daily') }}
)

select
    payments.event_id,
    payments.case_id,
    payments.payment_id,
    payments.flow,
    payments.status,
    payments.occurred_at,
    payments.amount,
    payments.currency,
    payments.decline_reason,
    payments.amount * fx.rate * case payments.status when 'succeeded' then 1 when 'refunded' then -1 else 0 end as net_amount
from payments
inner join fx
    on
        payments.currency = fx.currency
        and {{ local_date('payments.occurred_at') }} = fx.date_day
