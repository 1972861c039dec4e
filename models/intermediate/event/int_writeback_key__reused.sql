-- Grain: one row per idempotency key and case, of keys that more than one case uses.

with

writebacks as (
    select * from {{ ref('int_writeback__verified') }}
),

reused_keys as (
    select idempotency_key
    from writebacks
    group by idempotency_key
    having count(*) > 1
)

select
    writebacks.case_id,
    writebacks.idempotency_key
from writebacks
inner join reused_keys on writebacks.idempotency_key = reused_keys.idempotency_key
