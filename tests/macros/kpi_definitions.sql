-- Tests kpi_definitions(): one row per unit that a KPI counts otherwise than its definition says. A KPI that isn't
-- listed is not compared, so that one more breaks nothing.
-- The clocks of `done` and `open` are an hour apart; `open` needed an agent, and its workflow collects and requires nothing. `before` was
-- resolved before it was triggered, and neither an agent nor the customer did it; `closed` was completed and then closed.
-- Message `unsent` has no sent_at, `lost` was never delivered. Writeback `in_flight` isn't settled,
-- exception `not_closed` has no closed first pass. Clocks are on one day; what is not said of a unit is null.
-- noqa: disable=LT02
{%- set units = {
    'cases': [
        dict(
            case_id='done', triggered_at='08:00', first_sent_at='09:00', first_pay_action_at='10:00', action_completed_at='11:00',
            resolved_at='12:00', due_at='13:00', resolution_minutes=240, net_collected_automated=12.5, is_initiated=true,
            is_completed_in_message=true, is_resolved=true, is_agent_touched=false, is_automated=true, is_straight_through=false, is_due=true,
            is_resolved_on_time=true, is_sla_breached=false, is_evidence_complete=false, has_consent_by_completion=true,
            has_document_by_resolution=false, has_automated_payment=true, collects_payment=true, requires_consent=true, requires_document=true, requires_evidence=true,
            action_started_at='10:30', has_ineligible_step=false, is_deflected=true, is_closed_unresolved=false, resolution_path='in_message'
        ),
        dict(
            case_id='open', triggered_at='08:00', first_sent_at='09:00', first_pay_action_at='10:00', action_completed_at='11:00',
            due_at='13:00', net_collected_automated=0, is_initiated=true, is_completed_in_message=true, is_resolved=false,
            is_agent_touched=true, is_automated=false, is_straight_through=false, is_due=false, is_resolved_on_time=false,
            is_sla_breached=false, is_evidence_complete=true, has_consent_by_completion=false, has_document_by_resolution=false,
            has_automated_payment=false, collects_payment=false, requires_consent=false, requires_document=false, requires_evidence=false,
            action_started_at='10:30', has_ineligible_step=true, is_deflected=false, is_closed_unresolved=false, resolution_path='open'
        ),
        dict(case_id='before', triggered_at='10:00', resolved_at='09:00', is_resolved=true, is_deflected=true, resolution_path='self_cured'),
        dict(case_id='closed', triggered_at='07:00', action_completed_at='11:00', is_completed_in_message=true, is_closed_unresolved=true),
    ],
    'messages': [
        dict(
            message_id='opened', is_fallback=true, sent_at='09:00', delivered_at='09:10', opened_at='10:00', clicked_at=none,
            action_started_at='11:00'
        ),
        dict(message_id='unsent', is_fallback=false, delivered_at='10:30', opened_at='10:30', clicked_at='10:30'),
        dict(message_id='lost', is_fallback=false, sent_at='09:30'),
    ],
    'writebacks': [
        dict(
            idempotency_key='retried', first_attempted_at='13:00', attempt_count=2, was_verified=true, is_settled=true, is_retried=true,
            is_reversed=true, persist_seconds=90.5
        ),
        dict(idempotency_key='in_flight', first_attempted_at='13:30', attempt_count=1, was_verified=false, is_settled=false, is_retried=false),
    ],
    'exceptions': [
        dict(
            exception_id='escaped', raised_at='14:00', first_pass_closed_at='15:00', has_context=true, is_escaped=true,
            is_first_touch_resolved=false
        ),
        dict(exception_id='not_closed', raised_at='14:30', has_context=false, is_escaped=false, is_first_touch_resolved=false),
        dict(exception_id='untold', raised_at='14:45', is_escaped=false, is_first_touch_resolved=false),
    ],
    'identity_checks': [dict(event_id='check', occurred_at='16:00', is_first_pass=true)],
    'agent_touches': [dict(event_id='touch', occurred_at='17:00', handle_minutes=10, known_minutes=12), dict(event_id='untimed', occurred_at='17:30')],
    'payments': [
        dict(event_id='failed', occurred_at='19:00', flow='automated', status='failed', collects_payment=true),
        dict(event_id='succeeded', occurred_at='19:10', flow='automated', status='succeeded', collects_payment=true),
        dict(event_id='refunded', occurred_at='19:20', flow='automated', status='refunded', collects_payment=true),
        dict(event_id='by_agent', occurred_at='19:30', flow='agent', status='failed', collects_payment=true),
        dict(event_id='elsewhere', occurred_at='19:40', flow='automated', status='failed', collects_payment=false),
    ],
    'charges': [dict(charge_id='paid', charged_at='18:00', amount=2.5), dict(charge_id='no_rate', charged_at='18:30')],
} %}
{#- KPI, unit, clock, numerator, denominator, observed value. -#}
{%- set expected %}
completion_rate done 08:00 1 1 null
completion_rate open 08:00 1 1 null
automated_resolution_rate done 08:00 1 1 null
automated_resolution_rate open 08:00 0 1 null
automated_resolution_rate before 10:00 0 1 null
automated_resolution_rate closed 07:00 0 1 null
verified_writeback_rate done 11:00 1 1 null
verified_writeback_rate open 11:00 0 1 null
writeback_success_rate retried 13:00 1 1 null
deflection_rate done 12:00 1 1 null
deflection_rate before 09:00 1 1 null
containment_rate done 09:00 1 1 null
containment_rate open 09:00 0 1 null
time_to_resolution_median done 12:00 null 1 240
time_to_resolution_p90 done 12:00 null 1 240
sla_breach_rate done 13:00 0 1 null
sla_on_time_rate done 12:00 1 1 null
sla_on_time_rate before 09:00 0 1 null
cost_per_resolved_case paid 18:00 2.5 0 null
cost_per_resolved_case no_rate 18:30 null 0 null
cost_per_resolved_case done 12:00 0 1 null
cost_per_resolved_case before 09:00 0 1 null
exception_escape_rate escaped 15:00 1 1 null
escalation_success_rate escaped 14:00 0 1 null
escalation_success_rate not_closed 14:30 0 1 null
escalation_success_rate untold 14:45 0 1 null
action_response_rate opened 09:10 1 1 null
action_response_rate unsent 10:30 0 1 null
identity_pass_rate check 16:00 1 1 null
payment_recovery_per_1000 done 08:00 12500 1 null
writeback_retry_rate retried 13:00 1 1 null
writeback_retry_rate in_flight 13:30 0 1 null
writeback_first_attempt_rate retried 13:00 0 1 null
time_to_persist_median retried 13:00 null 1 90.5
time_to_persist_p90 retried 13:00 null 1 90.5
fallback_rate opened 09:00 1 1 null
fallback_rate lost 09:30 0 1 null
straight_through_rate done 12:00 0 1 null
straight_through_rate before 09:00 0 1 null
consent_capture_rate done 11:00 1 1 null
document_capture_rate done 12:00 0 1 null
evidence_completeness_rate done 12:00 0 1 null
context_handover_rate escaped 14:00 1 1 null
context_handover_rate not_closed 14:30 0 1 null
agent_minutes_per_resolution touch 17:00 12 0 null
agent_minutes_per_resolution untimed 17:30 null 0 null
agent_minutes_per_resolution done 12:00 0 1 null
agent_minutes_per_resolution before 09:00 0 1 null
closed_unresolved_rate done 08:00 0 1 null
closed_unresolved_rate open 08:00 0 1 null
closed_unresolved_rate before 10:00 0 1 null
closed_unresolved_rate closed 07:00 1 1 null
writeback_reversal_rate retried 13:00 1 1 null
ineligible_rate done 10:30 0 1 null
ineligible_rate open 10:30 1 1 null
payment_decline_rate failed 19:00 1 1 null
payment_decline_rate succeeded 19:10 0 1 null
payment_completion_rate done 10:00 1 1 null
open_rate opened 09:10 1 1 null
open_rate unsent 10:30 1 1 null
click_rate opened 09:10 0 1 null
click_rate unsent 10:30 1 1 null
bot_containment_rate done 09:00 1 1 null
bot_containment_rate open 09:00 0 1 null
conversation_volume done 09:00 1 null null
conversation_volume open 09:00 1 null null
self_cure_rate done 12:00 0 1 null
self_cure_rate before 09:00 1 1 null
handle_time_mean touch 17:00 10 1 null
messages_per_resolution opened 09:00 1 0 null
messages_per_resolution lost 09:30 1 0 null
messages_per_resolution done 12:00 0 1 null
messages_per_resolution before 09:00 0 1 null
clicks_per_resolution unsent 10:30 1 0 null
clicks_per_resolution done 12:00 0 1 null
clicks_per_resolution before 09:00 0 1 null
{%- endset %}
{%- set expected_rows, kpi_ids = [], [] %}
{%- for line in expected.strip().splitlines() %}
{%- do expected_rows.append(line.split()) %}
{%- if line.split()[0] not in kpi_ids %}
{%- do kpi_ids.append(line.split()[0]) %}
{%- endif %}
{%- endfor %}

with

{%- for unit, rows in units.items() %}

{{ unit }} as (
    {%- for row in rows %}
    select
        {%- for column, example in rows[0].items() %}
        {%- set value = row.get(column) %}
        {%- set type = dbt.type_boolean() if example is boolean else type_double() if example is number else dbt.type_string() %}
        {%- if column.endswith('_at') %}
        cast({{ "'2026-01-05 " ~ value ~ "'" if value else 'null' }} as timestamp) as {{ column }}
        {%- else %}
        cast({{ 'null' if value is none else "'" ~ value ~ "'" }} as {{ type }}) as {{ column }}
        {%- endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),
{%- endfor %}

counted as (
    {%- for kpi_id in kpi_ids %}
    {%- set kpi_loop = loop %}
    {%- for side in kpi_sides(kpi_id, kpi_definitions()[kpi_id]) %}
    select
        '{{ kpi_id }}' as kpi_id,
        {{ kpi_units()[side.of].unit_id }} as unit_id,
        {{ side.clock }} as clock_at,
        {{ contribution(side) | indent(8) }}
    from {{ side.of }}
    where {{ side.clock }} is not null and {{ side.counted }}
    {{ 'union all' if not (loop.last and kpi_loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

expected as (
    {%- for kpi_id, unit_id, clock, numerator, denominator, observed_value in expected_rows %}
    select
        '{{ kpi_id }}' as kpi_id,
        '{{ unit_id }}' as unit_id,
        cast('2026-01-05 {{ clock }}' as timestamp) as clock_at,
        cast({{ numerator }} as {{ type_double() }}) as numerator,
        cast({{ denominator }} as {{ dbt.type_bigint() }}) as denominator,
        cast({{ observed_value }} as {{ type_double() }}) as observed_value
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    coalesce(expected.kpi_id, counted.kpi_id) as kpi_id,
    coalesce(expected.unit_id, counted.unit_id) as unit_id,
    expected.clock_at as expected_clock_at,
    counted.clock_at as actual_clock_at,
    expected.numerator as expected_numerator,
    counted.numerator as actual_numerator,
    expected.denominator as expected_denominator,
    counted.denominator as actual_denominator,
    expected.observed_value as expected_observed_value,
    counted.observed_value as actual_observed_value
from expected
full outer join counted on expected.kpi_id = counted.kpi_id and expected.unit_id = counted.unit_id
where
    expected.clock_at is distinct from counted.clock_at
    or expected.numerator is distinct from counted.numerator
    or expected.denominator is distinct from counted.denominator
    or expected.observed_value is distinct from counted.observed_value
