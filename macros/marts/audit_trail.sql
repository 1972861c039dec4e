{% macro audit_trail() %}
    {#-
        How an accepted event of each table reads in the audit trail: who acted and what happened, as SQL expressions of type
        text over the columns of its staging model, never null. Returns: dict table -> dict with `actor` and `what`.
    -#}
    {{ return({
        'case_triggers': {
            'actor': "coalesce(source_system, 'system')",
            'what': "'case triggered: ' || workflow",
        },
        'message_events': {
            'actor': "case when status in ('opened', 'clicked') then 'customer' else 'system' end",
            'what': "case when is_fallback then 'fallback message ' else 'message ' end || message_id || ' ' || status || ' by ' || channel",
        },
        'identity_checks': {
            'actor': "'customer'",
            'what': "'identity check by ' || method || ' ' || outcome",
        },
        'action_events': {
            'actor': "actor || coalesce(' ' || actor_ref, '')",
            'what': "'action ' || action || ' ' || step || coalesce(' in message ' || message_id, '') || coalesce(': ' || error_reason, '')",
        },
        'writeback_attempts': {
            'actor': "'system'",
            'what': "'attempt ' || attempt_number || ' to write ' || idempotency_key || ' to ' || target_system || ' by ' || adapter || ' ' || status || coalesce(': ' || error_reason, '')",
        },
        'writeback_acks': {
            'actor': "'system of record'",
            'what': "'acknowledgement ' || ack_id || ' of ' || idempotency_key || ': ' || fields_persisted || ' fields ' || outcome",
        },
        'exceptions': {
            'actor': "'system'",
            'what': "'exception raised: ' || reason || case when has_context then ' (with context)' else ' (without context)' end",
        },
        'agent_touches': {
            'actor': "'agent ' || agent_ref",
            'what': "'agent touch' || coalesce(' on exception ' || exception_id, '') || ': ' || outcome",
        },
        'evidence_items': {
            'actor': "'customer'",
            'what': "case when is_valid then 'valid ' else 'invalid ' end || evidence_type || ' evidence' || coalesce(' at ' || uri, '')",
        },
        'payments': {
            'actor': "case when flow = 'automated' then 'customer' else 'agent' end",
            'what': "'payment ' || payment_id || ' ' || status || ': ' || amount || ' ' || currency",
        },
    }) }}
{% endmacro %}
