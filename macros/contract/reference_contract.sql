{% macro reference_contract() %}
    {#-
        The contract of the reference tables that an operator edits: as event_contract(), with `date` as a further type; ` or null` after a type says
        that a value may be null, and that the column has to be there.
        Returns: dict table -> dict column -> type, in the contract's order.
    -#}
    {{ return({
        'workflows': {
            'workflow': 'text', 'domain': ['billing', 'collections', 'compliance', 'service', 'other'], 'owner': 'text',
            'sla_value': 'double', 'sla_unit': ['hours', 'days', 'business_days'], 'completion_means': 'text or null',
            'requires_consent': 'boolean', 'requires_identity': 'boolean', 'requires_document': 'boolean',
            'requires_attestation': 'boolean', 'requires_payment': 'boolean', 'collects_payment': 'boolean', 'maturity_days': 'integer',
        },
        'kpi_targets': {
            'kpi_id': 'text', 'workflow': 'text', 'kind': ['absolute', 'change_vs_baseline'], 'target': 'double',
            'red_flag': 'double', 'owner': 'text or null', 'action': 'text or null', 'valid_from': 'date?', 'valid_to': 'date?',
            'due_date': 'date?',
        },
        'cost_rates': {
            'category': ['messaging', 'agent', 'platform'], 'channel': 'text?', 'unit': ['message', 'minute', 'case'],
            'amount': 'double', 'currency': 'text', 'valid_from': 'date', 'valid_to': 'date?',
        },
        'fixed_costs': {
            'month': 'date', 'category': ['messaging', 'agent', 'platform'], 'workflow': 'text?', 'amount': 'double',
            'currency': 'text',
        },
        'fx_rates': {
            'currency': 'text', 'valid_from': 'date', 'rate': 'double',
        },
        'business_holidays': {
            'holiday_date': 'date', 'name': 'text or null',
        },
        'alert_rules': {
            'rule_id': 'text', 'kpi_id': 'text', 'kind': ['below', 'above', 'drop', 'rise'], 'amount': 'double',
            'min_sample': 'integer or null', 'severity': ['warn', 'page'], 'owner': 'text or null', 'action': 'text or null',
        },
        'signal_rules': {
            'rule_id': 'text', 'kpi_id': 'text', 'kind': ['drop', 'rise'],
            'dimension': ['all', 'target_system', 'method', 'channel'], 'odds_ratio': 'double',
            'false_alarms_per_year': 'double', 'severity': ['warn', 'page'], 'owner': 'text or null', 'action': 'text or null',
        },
        'manual_steps': {
            'step': ['login', 'handoff', 'copy_paste'], 'minutes': 'double',
        },
        'changes': {
            'change_id': 'text', 'changed_on': 'date', 'kpi_id': 'text', 'workflow': 'text', 'description': 'text or null',
        },
        'fixes': {
            'fix_id': 'text', 'title': 'text or null', 'kind': ['exception_reason', 'error_reason', 'routine_touch'],
            'value': 'text?', 'workflow': 'text?', 'engineering_hours': 'double or null',
        },
        'time_zones': {
            'timezone': 'text',
        },
        'kpi_catalog': {
            'kpi_id': 'text', 'title': 'text', 'tier': ['headline', 'leading', 'diagnostic'], 'unit': 'text',
            'direction': 'text or null', 'clock': 'text or null', 'numerator': 'text', 'denominator': 'text or null',
            'source': 'text or null', 'display_order': 'integer', 'sentence': 'text',
        },
    }) }}
{% endmacro %}
