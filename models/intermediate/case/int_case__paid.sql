-- Grain: one row per case with a payment event that moved money.

select
    case_id,
    {{ exact_sum('net_amount') }} as net_collected,
    {{ exact_sum("case when flow = 'automated' then net_amount else 0 end") }} as net_collected_automated,
    bool_or(flow = 'automated' and status = 'succeeded') as has_automated_payment
from {{ ref('int_payment__converted') }}
group by case_id
