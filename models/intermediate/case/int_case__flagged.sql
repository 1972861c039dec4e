-- Grain: one row per case, with every yes or no that follows from its moments and counts.

with

cases as (
    select
        engaged.*,
        worked.writeback_count,
        worked.verified_writeback_count,
        worked.settled_writeback_count,
        worked.greatest_attempt_count,
        worked.resolved_at,
        worked.exception_count,
        worked.agent_touch_count,
        worked.agent_minutes,
        worked.net_collected,
        worked.net_collected_automated,
        worked.has_automated_payment
    from {{ ref('int_case__engaged') }} as engaged
    inner join {{ ref('int_case__worked') }} as worked on engaged.case_id = worked.case_id
),

states as (
    select
        *,
        first_sent_at is not null as is_initiated,
        action_completed_at is not null as is_completed_in_message,
        resolved_at is not null as is_resolved,
        agent_touch_count > 0 or has_agent_action as is_agent_touched,
        due_at <= {{ as_of() }} as is_due,
        coalesce(resolved_at <= due_at, false) as is_resolved_on_time,
        matures_at <= {{ as_of() }} as is_mature,
        coalesce(consent_at <= action_completed_at, false) as has_consent_by_completion,
        coalesce(identity_passed_at <= action_completed_at, false) as has_identity_by_completion,
        coalesce(document_at <= resolved_at, false) as has_document_by_resolution,
        (not requires_consent or consent_at is not null)
        and (not requires_identity or identity_evidence_at is not null)
        and (not requires_document or document_at is not null) as is_evidence_complete
    from cases
),

rules as (
    select
        *,
        requires_consent and is_completed_in_message and not has_consent_by_completion as is_consent_missing,
        requires_identity and is_completed_in_message and not has_identity_by_completion as is_identity_missing,
        requires_document and is_resolved and not has_document_by_resolution as is_document_missing
    from states
),

breaches as (
    select
        *,
        is_resolved and not is_agent_touched as is_automated,
        is_due and not is_resolved_on_time as is_time_breach,
        is_quiet_hours_contact or is_consent_missing or is_identity_missing or is_document_missing as is_policy_breach
    from rules
)

select
    *,
    is_automated and exception_count = 0 and greatest_attempt_count = 1 as is_straight_through,
    is_due and (is_time_breach or is_policy_breach) as is_sla_breached
from breaches
