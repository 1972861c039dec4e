-- Grain: one row per case: all that is known of it, with every yes or no that follows from its moments and counts.

with

opened as (
    select * from {{ ref('int_case__opened') }}
    where {{ is_changed() }}
),

customer_side as (
    select * from {{ ref('int_case__customer_side') }}
    where {{ is_changed() }}
),

back_office as (
    select * from {{ ref('int_case__back_office') }}
    where {{ is_changed() }}
),

cases as (
    select
        opened.*,
        customer_side.first_sent_at,
        customer_side.entry_channel,
        customer_side.message_count,
        customer_side.fallback_message_count,
        customer_side.is_quiet_hours_contact,
        customer_side.identity_attempt_count,
        customer_side.identity_passed_at,
        customer_side.action_started_at,
        customer_side.action_completed_at,
        customer_side.first_pay_action_at,
        customer_side.has_ineligible_step,
        customer_side.has_agent_action,
        customer_side.consent_at,
        customer_side.identity_evidence_at,
        customer_side.document_at,
        customer_side.attestation_at,
        back_office.writeback_count,
        back_office.verified_writeback_count,
        back_office.settled_writeback_count,
        back_office.reversed_writeback_count,
        back_office.greatest_attempt_count,
        back_office.next_timeout_at,
        back_office.resolved_at,
        back_office.exception_count,
        back_office.agent_touch_count,
        back_office.agent_minutes,
        back_office.net_collected,
        back_office.net_collected_automated,
        back_office.first_paid_at,
        back_office.has_automated_payment,
        back_office.closed_at,
        back_office.closure_reason
    from opened
    inner join customer_side on opened.case_id = customer_side.case_id
    inner join back_office on opened.case_id = back_office.case_id
),

states as (
    select
        *,
        first_sent_at is not null as is_initiated,
        action_completed_at is not null as is_completed_in_message,
        resolved_at is not null as is_resolved,
        resolved_at is null and closed_at is not null as is_closed_unresolved,
        agent_touch_count > 0 or has_agent_action as is_agent_touched,
        -- A case that was closed by then is no longer due.
        due_at <= {{ as_of() }} and not coalesce(resolved_at is null and closed_at <= due_at, false) as is_due,
        coalesce(resolved_at <= due_at, false) as is_resolved_on_time,
        matures_at <= {{ as_of() }} as is_mature,
        coalesce(consent_at <= action_completed_at, false) as has_consent_by_completion,
        coalesce(identity_passed_at <= action_completed_at, false) as has_identity_by_completion,
        coalesce(document_at <= resolved_at, false) as has_document_by_resolution,
        coalesce(attestation_at <= resolved_at, false) as has_attestation_by_resolution,
        coalesce(first_paid_at <= resolved_at, false) as has_payment_by_resolution,
        case
            when requires_evidence
                then
                    (not requires_consent or consent_at is not null)
                    and (not requires_identity or identity_evidence_at is not null)
                    and (not requires_document or document_at is not null)
                    and (not requires_attestation or attestation_at is not null)
        end as is_evidence_complete,
        case when writeback_count = 0 and closed_at is null then {{ times_out_at('action_completed_at') }} end as writeback_due_at
    from cases
),

rules as (
    select
        *,
        is_resolved and not is_agent_touched as is_deflected,
        is_resolved and is_completed_in_message and not is_agent_touched as is_automated,
        requires_consent and is_completed_in_message and not has_consent_by_completion as is_consent_missing,
        requires_identity and is_completed_in_message and not has_identity_by_completion as is_identity_missing,
        requires_document and is_resolved and not has_document_by_resolution as is_document_missing,
        requires_attestation and is_resolved and not has_attestation_by_resolution as is_attestation_missing,
        requires_payment and is_resolved and not has_payment_by_resolution as is_payment_missing
    from states
),

breaches as (
    select
        *,
        is_due and not is_resolved_on_time as is_time_breach,
        is_quiet_hours_contact or is_consent_missing or is_identity_missing
        or is_document_missing or is_attestation_missing or is_payment_missing as is_policy_breach
    from rules
)

select
    *,
    case
        when is_automated then 'in_message'
        when is_resolved and is_agent_touched then 'assisted'
        when is_resolved then 'self_cured'
        when is_closed_unresolved then 'closed'
        else 'open'
    end as resolution_path,
    is_automated and exception_count = 0 and greatest_attempt_count = 1 and reversed_writeback_count = 0 as is_straight_through,
    is_due and (is_time_breach or is_policy_breach) as is_sla_breached,
    case when resolved_at >= triggered_at then {{ minutes_between('triggered_at', 'resolved_at') }} end as resolution_minutes,
    {{ furthest_funnel_stage() }} as stage,
    -- From when on time alone makes it another case.
    least(
        case when due_at > {{ as_of() }} then due_at end,
        case when not is_mature then matures_at end,
        case when writeback_due_at > {{ as_of() }} then writeback_due_at end,
        next_timeout_at
    ) as changes_at
from breaches
