-- Grain: one row per case.
{{ config(materialized='incremental', incremental_strategy='touched_cases', on_schema_change='fail') }}

with

cases as (
    select * from {{ ref('int_case__flagged') }}
    where {{ is_touched() }}
),

final as (
    select
        case_id,
        workflow,
        product,
        customer_ref,
        segment,
        tenure_band,
        overdue_bucket,
        risk_tier,
        contact_preference,
        source_system,
        trigger_count,
        triggered_at,
        first_sent_at,
        entry_channel,
        message_count,
        fallback_message_count,
        identity_attempt_count,
        identity_passed_at,
        action_started_at,
        action_completed_at,
        first_pay_action_at,
        writeback_count,
        verified_writeback_count,
        settled_writeback_count,
        resolved_at,
        agent_touch_count,
        agent_minutes,
        exception_count,
        net_collected,
        net_collected_automated,
        has_automated_payment,
        is_initiated,
        is_completed_in_message,
        is_resolved,
        is_agent_touched,
        is_automated,
        is_straight_through,
        case
            when resolved_at >= triggered_at then {{ minutes_between('triggered_at', 'resolved_at') }}
        end as resolution_minutes,
        due_at,
        is_due,
        is_resolved_on_time,
        is_time_breach,
        is_quiet_hours_contact,
        is_consent_missing,
        is_identity_missing,
        is_document_missing,
        is_policy_breach,
        is_sla_breached,
        requires_consent,
        requires_document,
        collects_payment,
        has_consent_by_completion,
        has_document_by_resolution,
        is_evidence_complete,
        case
            when is_resolved then 'writeback_succeeded'
            when is_completed_in_message then 'action_completed'
            when action_started_at is not null then 'action_started'
            when identity_passed_at is not null then 'identity_passed'
            else 'triggered'
        end as stage,
        is_mature
    from cases
)

select * from final
