-- Grain: one row per case: what its messages, checks, actions and evidence tell.

with

opened as (
    select * from {{ ref('int_case__opened') }}
    where {{ is_touched() }}
),

contacted as (
    select * from {{ ref('int_case__contacted') }}
),

identified as (
    select * from {{ ref('int_case__identified') }}
),

acted as (
    select * from {{ ref('int_case__acted') }}
),

evidenced as (
    select * from {{ ref('int_case__evidenced') }}
)

select
    opened.*,
    contacted.first_sent_at,
    contacted.entry_channel,
    coalesce(contacted.message_count, 0) as message_count,
    coalesce(contacted.fallback_message_count, 0) as fallback_message_count,
    coalesce(contacted.is_quiet_hours_contact, false) as is_quiet_hours_contact,
    coalesce(identified.identity_attempt_count, 0) as identity_attempt_count,
    identified.identity_passed_at,
    acted.action_started_at,
    acted.action_completed_at,
    acted.first_pay_action_at,
    coalesce(acted.has_agent_action, false) as has_agent_action,
    evidenced.consent_at,
    evidenced.identity_evidence_at,
    evidenced.document_at
from opened
left join contacted on opened.case_id = contacted.case_id
left join identified on opened.case_id = identified.case_id
left join acted on opened.case_id = acted.case_id
left join evidenced on opened.case_id = evidenced.case_id
