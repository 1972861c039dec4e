-- Grain: one row per integrity violation.

with

cases as (
    select * from {{ ref('int_case__assembled') }}
),

writebacks as (
    select * from {{ ref('int_writeback__verified') }}
),

acks as (
    select * from {{ ref('int_writeback__unsound_ack') }}
),

reused_keys as (
    select idempotency_key
    from writebacks
    group by idempotency_key
    having count(*) > 1
)

select
    'unacknowledged_completion' as kind,
    case_id,
    'completed in message; ' || verified_writeback_count || ' of ' || writeback_count || ' writebacks verified' as detail
from cases
where
    is_completed_in_message and not is_resolved and closed_at is null
    and writeback_count > 0 and settled_writeback_count = writeback_count

union all

select
    'completion_without_writeback' as kind,
    case_id,
    'completed in message; no writeback attempted' as detail
from cases
where writeback_due_at <= {{ as_of() }}

union all

select
    'ack_before_attempt' as kind,
    case_id,
    'acknowledgement ' || event_id || ' of writeback ' || idempotency_key || ' is earlier than its first attempt' as detail
from acks
where is_before_attempt

union all

select
    'partial_persist' as kind,
    case_id,
    'acknowledgement ' || event_id || ' of writeback ' || idempotency_key || ' persisted '
    || coalesce(cast(fields_persisted as {{ dbt.type_string() }}), 'an unknown number') || ' of ' || fields_required || ' fields' as detail
from acks
where is_partial

union all

select
    'double_write' as kind,
    case_id,
    'writeback ' || idempotency_key || ' was persisted under more than one ack_id' as detail
from writebacks
where is_double_written

union all

select
    'idempotency_key_reused' as kind,
    writebacks.case_id,
    'idempotency key ' || writebacks.idempotency_key || ' is used by more than one case' as detail
from writebacks
inner join reused_keys on writebacks.idempotency_key = reused_keys.idempotency_key

union all

select
    'negative_duration' as kind,
    case_id,
    'resolved before it was triggered' as detail
from cases
where resolved_at < triggered_at

union all

select
    'action_without_identity' as kind,
    case_id,
    'completed in message without a passed identity check by then' as detail
from cases
where is_identity_missing

union all

select
    case when quantity is null then 'missing_minutes' else 'missing_rate' end as kind,
    case_id,
    'charge ' || charge_id || case
        when quantity is null then ' is of a touch whose minutes are not known'
        else ' has no valid ' || category || ' rate, or one in a currency without an exchange rate'
    end as detail
from {{ ref('int_charge__charged') }}
where amount is null

union all

select
    'resolved_without_payment' as kind,
    case_id,
    'resolved, and no payment succeeded by then' as detail
from cases
where is_payment_missing

union all

select
    'unallocated_fixed_cost' as kind,
    cast(null as {{ dbt.type_string() }}) as case_id,
    'fixed cost ' || fixed_cost_number || ': ' || category || ' of ' || cast(month as {{ dbt.type_string() }})
    || ' for ' || coalesce(workflow, 'all workflows') || ' has no case to carry it' as detail
from {{ ref('int_fixed_cost__shared') }}
where has_begun and case_count = 0
