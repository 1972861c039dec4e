-- Grain: one row per case: what its messages, identity checks, actions and evidence tell.

with

cases as (
    select
        case_id,
        customer_timezone
    from {{ ref('int_case__opened') }}
    where {{ is_changed() }}
),

contacted as (
    select
        case_id,
        min(sent_at) as first_sent_at,
        {{ value_of_first('channel', ['sent_at', byte_order('first_event_id')]) }} as entry_channel,
        count(*) as message_count,
        count(case when is_fallback then 1 end) as fallback_message_count,
        bool_or(channel not in ({{ silent_channels() }}) and {{ is_quiet_hour(to_local('sent_at')) }}) as is_quiet_here
    from {{ ref('int_message__assembled') }}
    where sent_at is not null and {{ is_changed() }}
    group by case_id
),

-- By the customer's own clock, where it is known.
contacted_abroad as (
    select
        messages.case_id,
        bool_or({{ is_quiet_hour(in_other_zone('messages.sent_at', "'UTC'", 'cases.customer_timezone')) }}) as is_quiet_there
    from {{ ref('int_message__assembled') }} as messages
    inner join cases on messages.case_id = cases.case_id and cases.customer_timezone is not null
    where messages.sent_at is not null and messages.channel not in ({{ silent_channels() }}) and {{ is_changed('messages.case_id') }}
    group by messages.case_id
),

identified as (
    select
        case_id,
        count(*) as identity_attempt_count,
        min(case when is_first_pass then occurred_at end) as identity_passed_at
    from {{ ref('int_identity_check__counted') }}
    where {{ is_changed() }}
    group by case_id
),

acted as (
    select
        case_id,
        min(case when actor = 'customer' then occurred_at end) as action_started_at,
        min(case when actor = 'customer' and step = 'completed' then occurred_at end) as action_completed_at,
        min(case when actor = 'customer' and action = 'pay' then occurred_at end) as first_pay_action_at,
        bool_or(actor = 'customer' and step = 'ineligible') as has_ineligible_step,
        bool_or(actor = 'agent') as has_agent_action
    from {{ ref('stg_events__action_events') }}
    where {{ is_changed() }}
    group by case_id
),

evidenced as (
    select
        case_id,
        min(case when evidence_type = 'consent' then occurred_at end) as consent_at,
        min(case when evidence_type = 'identity' then occurred_at end) as identity_evidence_at,
        min(case when evidence_type = 'document' then occurred_at end) as document_at,
        min(case when evidence_type = 'attestation' then occurred_at end) as attestation_at
    from {{ ref('stg_events__evidence_items') }}
    where is_valid and {{ is_changed() }}
    group by case_id
)

select
    cases.case_id,
    contacted.first_sent_at,
    contacted.entry_channel,
    coalesce(contacted.message_count, 0) as message_count,
    coalesce(contacted.fallback_message_count, 0) as fallback_message_count,
    coalesce(case when cases.customer_timezone is null then contacted.is_quiet_here else contacted_abroad.is_quiet_there end, false)
        as is_quiet_hours_contact,
    coalesce(identified.identity_attempt_count, 0) as identity_attempt_count,
    identified.identity_passed_at,
    acted.action_started_at,
    acted.action_completed_at,
    acted.first_pay_action_at,
    coalesce(acted.has_ineligible_step, false) as has_ineligible_step,
    coalesce(acted.has_agent_action, false) as has_agent_action,
    evidenced.consent_at,
    evidenced.identity_evidence_at,
    evidenced.document_at,
    evidenced.attestation_at
from cases
left join contacted on cases.case_id = contacted.case_id
left join contacted_abroad on cases.case_id = contacted_abroad.case_id
left join identified on cases.case_id = identified.case_id
left join acted on cases.case_id = acted.case_id
left join evidenced on cases.case_id = evidenced.case_id
