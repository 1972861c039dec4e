-- Grain: one row per payment event, with whether the workflow of its case collects payments.

with

payments as (
    select * from {{ ref('int_payment__converted') }}
),

cases as (
    select
        case_id,
        collects_payment
    from {{ ref('int_case__opened') }}
)

select
    payments.*,
    cases.collects_payment
from payments
inner join cases on payments.case_id = cases.case_id
