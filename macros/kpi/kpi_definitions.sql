{% macro kpi_definitions() %}
    {#-
        Every KPI, once: what stands in its numerator and denominator, and by which clock.
        To add a KPI, add an entry here and a row of words to the seed kpi_catalog.
        Returns: dict kpi_id -> dict with
          kind          rate (units over units), ratio (amounts over units), median, p90 or count (a numerator alone)
          of            the units that are counted: a key of kpi_units()
          clock         the column that puts a unit in its week; a unit without it is in no week
          numerator     rate: condition; ratio, count: amount; a unit counts in the week of its denominator
          denominator   condition that a unit fulfils to be counted
          observed      median, p90: the column that the percentile is taken of
          per           two clocks: the denominator's own `of`, `clock` and `denominator`
          where         two clocks: condition that a unit fulfils to be counted in the numerator; without it, all of them
          only_where    condition on the workflow (a column of stg_reference__workflows): elsewhere the KPI can't apply
          is_diagnostic activity: no target, no verdict, not on the scorecard
          final_with_month  final no sooner than settling_hours after the local month of the week's last day
          matures       the numerator can grow after the week has ended, until its cases are mature
    -#}
    {{ return({
        'completion_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'triggered_at', 'matures': true,
            'numerator': 'is_completed_in_message', 'denominator': 'is_initiated',
        },
        'automated_resolution_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'triggered_at', 'matures': true,
            'numerator': 'is_automated', 'denominator': 'true',
        },
        'verified_writeback_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'action_completed_at', 'matures': true,
            'numerator': 'is_resolved', 'denominator': 'is_completed_in_message and not is_closed_unresolved',
        },
        'writeback_success_rate': {
            'kind': 'rate', 'of': 'writebacks', 'clock': 'first_attempted_at',
            'numerator': 'was_verified', 'denominator': 'is_settled',
        },
        'deflection_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'resolved_at', 'matures': true,
            'numerator': 'is_deflected', 'denominator': 'is_resolved',
        },
        'containment_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'first_sent_at', 'matures': true,
            'numerator': 'is_completed_in_message and not is_agent_touched', 'denominator': 'is_initiated',
        },
        'time_to_resolution_median': {
            'kind': 'median', 'of': 'cases', 'clock': 'resolved_at',
            'observed': 'resolution_minutes', 'denominator': 'resolution_minutes is not null',
        },
        'time_to_resolution_p90': {
            'kind': 'p90', 'of': 'cases', 'clock': 'resolved_at',
            'observed': 'resolution_minutes', 'denominator': 'resolution_minutes is not null',
        },
        'sla_breach_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'due_at',
            'numerator': 'is_sla_breached', 'denominator': 'is_due',
        },
        'sla_on_time_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'resolved_at',
            'numerator': 'is_resolved_on_time', 'denominator': 'is_resolved',
        },
        'cost_per_resolved_case': {
            'kind': 'ratio', 'of': 'charges', 'clock': 'charged_at', 'numerator': 'amount', 'final_with_month': true,
            'per': {'of': 'cases', 'clock': 'resolved_at', 'denominator': 'is_resolved'},
        },
        'exception_escape_rate': {
            'kind': 'rate', 'of': 'exceptions', 'clock': 'first_pass_closed_at', 'matures': true,
            'numerator': 'is_escaped', 'denominator': 'first_pass_closed_at is not null',
        },
        'escalation_success_rate': {
            'kind': 'rate', 'of': 'exceptions', 'clock': 'raised_at', 'matures': true,
            'numerator': 'is_first_touch_resolved', 'denominator': 'true',
        },
        'action_response_rate': {
            'kind': 'rate', 'of': 'messages', 'clock': 'delivered_at', 'matures': true,
            'numerator': 'action_started_at is not null', 'denominator': 'delivered_at is not null',
        },
        'identity_pass_rate': {
            'kind': 'rate', 'of': 'identity_checks', 'clock': 'occurred_at',
            'numerator': 'is_first_pass', 'denominator': 'true',
        },
        'payment_recovery_per_1000': {
            'kind': 'ratio', 'of': 'cases', 'clock': 'triggered_at', 'matures': true, 'only_where': 'collects_payment',
            'numerator': '1000 * net_collected_automated', 'denominator': 'true',
        },

        'writeback_retry_rate': {
            'kind': 'rate', 'of': 'writebacks', 'clock': 'first_attempted_at',
            'numerator': 'is_retried', 'denominator': 'true',
        },
        'writeback_first_attempt_rate': {
            'kind': 'rate', 'of': 'writebacks', 'clock': 'first_attempted_at',
            'numerator': 'was_verified and attempt_count = 1', 'denominator': 'is_settled',
        },
        'time_to_persist_median': {
            'kind': 'median', 'of': 'writebacks', 'clock': 'first_attempted_at',
            'observed': 'persist_seconds', 'denominator': 'was_verified',
        },
        'time_to_persist_p90': {
            'kind': 'p90', 'of': 'writebacks', 'clock': 'first_attempted_at',
            'observed': 'persist_seconds', 'denominator': 'was_verified',
        },
        'fallback_rate': {
            'kind': 'rate', 'of': 'messages', 'clock': 'sent_at',
            'numerator': 'is_fallback', 'denominator': 'sent_at is not null',
        },
        'straight_through_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'resolved_at', 'matures': true,
            'numerator': 'is_straight_through', 'denominator': 'is_resolved',
        },
        'consent_capture_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'action_completed_at', 'only_where': 'requires_consent',
            'numerator': 'has_consent_by_completion', 'denominator': 'is_completed_in_message',
        },
        'document_capture_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'resolved_at', 'only_where': 'requires_document',
            'numerator': 'has_document_by_resolution', 'denominator': 'is_resolved',
        },
        'evidence_completeness_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'resolved_at', 'matures': true, 'only_where': 'requires_evidence',
            'numerator': 'is_evidence_complete', 'denominator': 'is_resolved',
        },
        'context_handover_rate': {
            'kind': 'rate', 'of': 'exceptions', 'clock': 'raised_at',
            'numerator': 'has_context', 'denominator': 'has_context is not null',
        },
        'agent_minutes_per_resolution': {
            'kind': 'ratio', 'of': 'agent_touches', 'clock': 'occurred_at', 'numerator': 'known_minutes',
            'per': {'of': 'cases', 'clock': 'resolved_at', 'denominator': 'is_resolved'},
        },
        'closed_unresolved_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'triggered_at', 'matures': true,
            'numerator': 'is_closed_unresolved', 'denominator': 'true',
        },
        'writeback_reversal_rate': {
            'kind': 'rate', 'of': 'writebacks', 'clock': 'first_attempted_at', 'matures': true,
            'numerator': 'is_reversed', 'denominator': 'was_verified',
        },
        'ineligible_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'action_started_at', 'matures': true,
            'numerator': 'has_ineligible_step', 'denominator': 'action_started_at is not null',
        },
        'payment_decline_rate': {
            'kind': 'rate', 'of': 'payments', 'clock': 'occurred_at', 'only_where': 'collects_payment',
            'numerator': "status = 'failed'", 'denominator': "flow = 'automated' and status in ('succeeded', 'failed')",
        },
        'payment_completion_rate': {
            'kind': 'rate', 'of': 'cases', 'clock': 'first_pay_action_at', 'matures': true, 'only_where': 'collects_payment',
            'numerator': 'has_automated_payment', 'denominator': 'first_pay_action_at is not null',
        },

        'open_rate': {
            'is_diagnostic': true, 'kind': 'rate', 'of': 'messages', 'clock': 'delivered_at',
            'numerator': 'opened_at is not null', 'denominator': 'delivered_at is not null',
        },
        'click_rate': {
            'is_diagnostic': true, 'kind': 'rate', 'of': 'messages', 'clock': 'delivered_at',
            'numerator': 'clicked_at is not null', 'denominator': 'delivered_at is not null',
        },
        'bot_containment_rate': {
            'is_diagnostic': true, 'kind': 'rate', 'of': 'cases', 'clock': 'first_sent_at', 'matures': true,
            'numerator': 'not is_agent_touched', 'denominator': 'is_initiated',
        },
        'conversation_volume': {
            'is_diagnostic': true, 'kind': 'count', 'of': 'cases', 'clock': 'first_sent_at',
            'numerator': '1', 'denominator': 'is_initiated',
        },
        'self_cure_rate': {
            'is_diagnostic': true, 'kind': 'rate', 'of': 'cases', 'clock': 'resolved_at', 'matures': true,
            'numerator': "resolution_path = 'self_cured'", 'denominator': 'is_resolved',
        },
        'handle_time_mean': {
            'is_diagnostic': true, 'kind': 'ratio', 'of': 'agent_touches', 'clock': 'occurred_at',
            'numerator': 'handle_minutes', 'denominator': 'handle_minutes is not null',
        },
        'messages_per_resolution': {
            'is_diagnostic': true, 'kind': 'ratio', 'of': 'messages', 'clock': 'sent_at', 'numerator': '1',
            'per': {'of': 'cases', 'clock': 'resolved_at', 'denominator': 'is_resolved'},
        },
        'clicks_per_resolution': {
            'is_diagnostic': true, 'kind': 'ratio', 'of': 'messages', 'clock': 'delivered_at', 'where': 'clicked_at is not null', 'numerator': '1',
            'per': {'of': 'cases', 'clock': 'resolved_at', 'denominator': 'is_resolved'},
        },
    }) }}
{% endmacro %}


{% macro kpi_units() %}
    {#-
        What KPIs count. Returns: dict from the `of` of a definition -> dict with
          model      the model with those units
          unit_id    the column that names a unit within its case
    -#}
    {{ return({
        'cases': {'model': 'int_case__assembled', 'unit_id': 'case_id'},
        'writebacks': {'model': 'int_writeback__verified', 'unit_id': 'idempotency_key'},
        'exceptions': {'model': 'int_exception__assembled', 'unit_id': 'exception_id'},
        'messages': {'model': 'int_message__assembled', 'unit_id': 'message_id'},
        'identity_checks': {'model': 'int_identity_check__counted', 'unit_id': 'event_id'},
        'agent_touches': {'model': 'int_agent_touch__handled', 'unit_id': 'event_id'},
        'payments': {'model': 'int_payment__counted', 'unit_id': 'event_id'},
        'charges': {'model': 'int_charge__charged', 'unit_id': 'charge_id'},
    }) }}
{% endmacro %}


{% macro kpis_of_kind(kinds) %}
    {#- The ids of the KPIs of some kinds, quoted for `in (…)`, which may not be empty. kinds: list of kinds of kpi_definitions(). Returns: string. -#}
    {% set ids = [] %}
    {% for kpi_id, kpi in kpi_definitions().items() if kpi.kind in kinds %}
        {% do ids.append("'" ~ kpi_id ~ "'") %}
    {% endfor %}
    {{ return(ids | join(', ') if ids else "''") }}
{% endmacro %}


{% macro kpis_with_verdict() %}
    {#- The ids of the KPIs that may have a target and stand on the scorecard: all but the diagnostics. Returns: list. -#}
    {% set ids = [] %}
    {% for kpi_id, kpi in kpi_definitions().items() if not kpi.is_diagnostic %}
        {% do ids.append(kpi_id) %}
    {% endfor %}
    {{ return(ids) }}
{% endmacro %}


{% macro maturing_kpis() %}
    {#- The ids of the KPIs that are final only once their cases are mature, quoted for `in (…)`. Returns: string. -#}
    {% set ids = [] %}
    {% for kpi_id, kpi in kpi_definitions().items() if kpi.matures %}
        {% do ids.append("'" ~ kpi_id ~ "'") %}
    {% endfor %}
    {{ return(ids | join(', ') if ids else "''") }}
{% endmacro %}


{% macro kpi_value() -%}
    {#-
        The value of a KPI from what its kind asks for: a double, NULL without a denominator. Expects the columns kpi_id,
        numerator, denominator, median_value and p90_value.
    -#}
    case
        when kpi_id in ({{ kpis_of_kind(['median']) }}) then median_value
        when kpi_id in ({{ kpis_of_kind(['p90']) }}) then p90_value
        when kpi_id in ({{ kpis_of_kind(['count']) }}) then numerator
        else {{ rate('numerator', 'denominator') }}
    end
{%- endmacro %}


{% macro filled_sides(kpi_id, sums) -%}
    {#-
        The columns numerator, denominator, median_value and p90_value of a published cell: 0 where nothing is counted, NULL where the KPI has no such
        side. kpi_id: SQL expression. sums: alias of the cell's sums, which may be absent.
    -#}
    case when {{ kpi_id }} not in ({{ kpis_of_kind(['median', 'p90']) }}) then coalesce({{ sums }}.numerator, 0) end as numerator,
    case when {{ kpi_id }} not in ({{ kpis_of_kind(['count']) }}) then coalesce({{ sums }}.denominator, 0) end as denominator,
    {{ sums }}.median_value,
    {{ sums }}.p90_value
{%- endmacro %}


{% macro figures() -%}
    {#- The columns value, is_rate, ci_low and ci_high of a cell with filled_sides(): the interval is that of a rate, else NULL. -#}
    {{ kpi_value() }} as value,
    kpi_id in ({{ kpis_of_kind(['rate']) }}) as is_rate,
    case when kpi_id in ({{ kpis_of_kind(['rate']) }}) then {{ wilson_low('numerator', 'denominator') }} end as ci_low,
    case when kpi_id in ({{ kpis_of_kind(['rate']) }}) then {{ wilson_high('numerator', 'denominator') }} end as ci_high
{%- endmacro %}


{% macro settling_seconds() -%}
    {#- The least time, in seconds, after which a week's figures are final: settling_hours, at least the writeback timeout. -#}
    cast({{ [3600 * var('settling_hours') | float, 60 * var('writeback_timeout_minutes') | float] | max }} as {{ type_double() }})
{%- endmacro %}
