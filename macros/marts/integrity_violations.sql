{% macro integrity_violations() %}
    {#-
        Every kind of integrity violation (specification, "Integrity violations"), once: the relation with a row per thing
        that can violate it, the condition of the violation, and what is said about it (SQL expression of type text).
        Returns: dict kind -> dict with `of`, `where`, `detail`, and `across_cases`: whether it is a matter of more than its own case.
    -#}
    {% set cases = ref('fct_case_journey') %}
    {% set acks = ref('int_writeback__acknowledged') %}
    {{ return({
        'unacknowledged_completion': {
            'of': cases,
            'where': 'is_completed_in_message and not is_resolved and writeback_count > 0 and settled_writeback_count = writeback_count',
            'detail': "'completed in message; ' || verified_writeback_count || ' of ' || writeback_count || ' writebacks verified'",
        },
        'completion_without_writeback': {
            'of': cases,
            'where': 'is_completed_in_message and writeback_count = 0 and '
                ~ times_out_at('action_completed_at') ~ ' <= ' ~ as_of(),
            'detail': "'completed in message; no writeback attempted'",
        },
        'ack_before_attempt': {
            'of': acks,
            'where': 'is_before_attempt',
            'detail': "'acknowledgement ' || event_id || ' of writeback ' || idempotency_key || ' is earlier than its first attempt'",
        },
        'partial_persist': {
            'of': ref('int_writeback__partially_persisted'),
            'where': 'true',
            'detail': "'acknowledgement ' || event_id || ' of writeback ' || idempotency_key || ' persisted ' || fields_persisted || ' of ' || fields_required || ' fields'",
        },
        'double_write': {
            'of': ref('fct_writeback'),
            'where': 'is_double_written',
            'detail': "'writeback ' || idempotency_key || ' was persisted under more than one ack_id'",
        },
        'idempotency_key_reused': {
            'of': ref('int_writeback_key__reused'),
            'across_cases': true,
            'where': 'true',
            'detail': "'idempotency key ' || idempotency_key || ' is used by more than one case'",
        },
        'negative_duration': {
            'of': cases,
            'where': 'resolved_at < triggered_at',
            'detail': "'resolved before it was triggered'",
        },
        'action_without_identity': {
            'of': cases,
            'where': 'is_identity_missing',
            'detail': "'completed in message without a passed identity check by then'",
        },
        'missing_rate': {
            'of': ref('fct_charge'),
            'across_cases': true,
            'where': 'amount is null',
            'detail': "'charge ' || charge_id || ' has no valid ' || category || ' rate, or one in a currency without an exchange rate'",
        },
        'unallocated_fixed_cost': {
            'of': ref('int_fixed_cost__unallocated'),
            'across_cases': true,
            'where': 'true',
            'detail': "'fixed cost ' || fixed_cost_number || ': ' || category || ' of ' || cast(month as " ~ dbt.type_string() ~ ") || ' for ' || coalesce(workflow, 'all workflows') || ' has no case to carry it'",
        },
    }) }}
{% endmacro %}
