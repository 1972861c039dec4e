{% macro event_contract() %}
    {#-
        The contract of the raw event tables, the one place where it is written down.
        Returns: dict table -> dict column -> type, in the contract's order.
        A type is text, timestamp, boolean, integer, double or money; a list is a text with these values only.
        A `?` after it, or as a list's last value, says that the source need not know: the column may be null, or absent, which is the same.
    -#}
    {% set tables = {
        'case_triggers': {
            'workflow': 'text', 'product': 'text?', 'customer_ref': 'text?', 'segment': 'text?', 'tenure_band': 'text?',
            'overdue_bucket': 'text?', 'risk_tier': 'text?', 'contact_preference': 'text?', 'source_system': 'text?',
            'due_at': 'timestamp?', 'customer_timezone': 'text?', 'amount_due': 'money?', 'currency': 'text?', 'variant': 'text?',
        },
        'case_closures': {
            'kind': ['closed', 'reopened'],
            'reason': ['withdrawn', 'rejected', 'cancelled', 'written_off', 'expired', 'duplicate', '?'],
            'actor': ['customer', 'agent', 'system'],
        },
        'message_events': {
            'message_id': 'text', 'channel': message_channels(),
            'status': ['sent', 'delivered', 'opened', 'clicked', 'failed'], 'is_fallback': 'boolean',
        },
        'identity_checks': {
            'method': ['otp', 'knowledge', 'document', 'biometric'], 'outcome': ['passed', 'failed', 'abandoned'],
        },
        'action_events': {
            'message_id': 'text?',
            'action': ['pay', 'plan', 'update_card', 'confirm_details', 'upload_document', 'attest', 'sign', 'select', 'other'],
            'step': ['started', 'progressed', 'ineligible', 'failed', 'abandoned', 'completed'],
            'actor': ['customer', 'agent'], 'actor_ref': 'text?', 'error_reason': 'text?',
        },
        'writeback_attempts': {
            'idempotency_key': 'text', 'attempt_number': 'integer', 'target_system': 'text',
            'adapter': ['rest', 'soap', 'webhook', 'queue', 'batch', 'file', 'other', '?'],
            'status': ['accepted', 'failed', 'timed_out'], 'fields_required': 'integer?', 'error_reason': 'text?',
        },
        'writeback_acks': {
            'idempotency_key': 'text', 'ack_id': 'text', 'outcome': ['persisted', 'rejected', 'reversed'],
            'fields_persisted': 'integer?',
        },
        'exceptions': {
            'reason': 'text', 'has_context': 'boolean?',
        },
        'agent_touches': {
            'exception_id': 'text?', 'agent_ref': 'text', 'ended_at': 'timestamp?',
            'outcome': ['resolved', 'returned', 'transferred'], 'handle_minutes': 'double?',
            'wrap_up_minutes': 'double?', 'logins': 'integer?', 'handoffs': 'integer?', 'copy_pastes': 'integer?',
        },
        'evidence_items': {
            'evidence_type': ['consent', 'identity', 'document', 'attestation'], 'is_valid': 'boolean', 'uri': 'text?',
        },
        'payments': {
            'payment_id': 'text', 'flow': ['automated', 'agent'], 'status': ['succeeded', 'failed', 'refunded'],
            'amount': 'money', 'currency': 'text', 'decline_reason': 'text?',
        },
    } %}
    {% set contract = {} %}
    {% for table, columns in tables.items() %}
        {% set shared = {'event_id': 'text', 'case_id': 'text', 'occurred_at': 'timestamp', 'loaded_at': 'timestamp'} %}
        {% do shared.update(columns) %}
        {% do contract.update({table: shared}) %}
    {% endfor %}
    {{ return(contract) }}
{% endmacro %}


{% macro message_channels() %}
    {#- The channels that a message can take. Returns: list of strings. -#}
    {{ return(['sms', 'email', 'whatsapp', 'rcs', 'push', 'chat', 'voice', 'letter', 'portal']) }}
{% endmacro %}


{% macro silent_channels() %}
    {#- The channels that disturb nobody, so that quiet hours don't hold for them. Returns: the names, quoted for `in (…)`. -#}
    {{ return("'letter', 'portal'") }}
{% endmacro %}
