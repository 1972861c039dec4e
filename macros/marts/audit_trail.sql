{% macro audit_trail() %}
    {#-
        How an accepted event of each table reads in the audit trail, as SQL expressions of type text over the columns of its staging model.
        Returns: dict table -> dict with
          actor, what     who acted, and what happened, in short prose; never null
          activity        a stable code of what happened; never null
          message_id, idempotency_key, exception_id   what the event is about; left out where events of the table have none
    -#}
    {{ return({
        'case_triggers': {
            'actor': "coalesce(source_system, 'system')",
            'what': "'case triggered: ' || workflow",
            'activity': "'case_triggers.triggered'",
        },
        'case_closures': {
            'actor': "actor",
            'what': "'case ' || kind || coalesce(': ' || reason, '')",
            'activity': "'case_closures.' || kind",
        },
        'message_events': {
            'actor': "case when status in ('opened', 'clicked') then 'customer' else 'system' end",
            'what': "case when is_fallback then 'fallback message ' else 'message ' end || message_id || ' ' || status || ' by ' || channel",
            'activity': "'message_events.' || status",
            'message_id': 'message_id',
        },
        'identity_checks': {
            'actor': "'customer'",
            'what': "'identity check by ' || method || ' ' || outcome",
            'activity': "'identity_checks.' || outcome",
        },
        'action_events': {
            'actor': "actor || coalesce(' ' || actor_ref, '')",
            'what': "'action ' || action || ' ' || step || coalesce(' in message ' || message_id, '') || coalesce(': ' || error_reason, '')",
            'activity': "'action_events.' || step",
            'message_id': 'message_id',
        },
        'writeback_attempts': {
            'actor': "'system'",
            'what': "'attempt ' || attempt_number || ' to write ' || idempotency_key || ' to ' || target_system || coalesce(' by ' || adapter, '') || ' ' || status || coalesce(': ' || error_reason, '')",
            'activity': "'writeback_attempts.' || status",
            'idempotency_key': 'idempotency_key',
        },
        'writeback_acks': {
            'actor': "'system of record'",
            'what': "'acknowledgement ' || ack_id || ' of ' || idempotency_key || ': ' || coalesce(fields_persisted || ' fields ', '') || outcome",
            'activity': "'writeback_acks.' || outcome",
            'idempotency_key': 'idempotency_key',
        },
        'exceptions': {
            'actor': "'system'",
            'what': "'exception raised: ' || reason || case when has_context then ' (with context)' when not has_context then ' (without context)' else '' end",
            'activity': "'exceptions.raised'",
            'exception_id': 'event_id',
        },
        'agent_touches': {
            'actor': "'agent ' || agent_ref",
            'what': "'agent touch' || coalesce(' on exception ' || exception_id, '') || ': ' || outcome",
            'activity': "'agent_touches.' || outcome",
            'exception_id': 'exception_id',
        },
        'evidence_items': {
            'actor': "'customer'",
            'what': "case when is_valid then 'valid ' else 'invalid ' end || evidence_type || ' evidence' || coalesce(' at ' || uri, '')",
            'activity': "'evidence_items.' || evidence_type",
        },
        'payments': {
            'actor': "case when flow = 'automated' then 'customer' else 'agent' end",
            'what': "'payment ' || payment_id || ' ' || status || ': ' || amount || ' ' || currency || coalesce(': ' || decline_reason, '')",
            'activity': "'payments.' || status",
        },
    }) }}
{% endmacro %}
