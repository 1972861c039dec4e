{% macro reference_contract() %}
    {#-
        The contract of the reference tables that an operator edits: as event_contract(), with `date` as a further type.
        Returns: dict table -> dict column -> type, in the contract's order.
    -#}
    {{ return({
        'workflows': {
            'workflow': 'text', 'domain': ['billing', 'collections', 'compliance'], 'owner': 'text',
            'sla_value': 'double', 'sla_unit': ['hours', 'days', 'business_days'], 'completion_means': 'text?',
            'requires_consent': 'boolean', 'requires_identity': 'boolean', 'requires_document': 'boolean',
            'collects_payment': 'boolean', 'maturity_days': 'integer',
        },
        'kpi_targets': {
            'kpi_id': 'text', 'workflow': 'text', 'kind': ['absolute', 'change_vs_baseline'], 'target': 'double',
            'red_flag': 'double', 'owner': 'text?', 'action': 'text?',
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
            'holiday_date': 'date', 'name': 'text?',
        },
        'alert_rules': {
            'rule_id': 'text', 'kpi_id': 'text', 'kind': ['below', 'above', 'drop', 'rise'], 'amount': 'double',
            'min_sample': 'integer?', 'severity': ['warn', 'page'], 'owner': 'text?', 'action': 'text?',
        },
        'kpi_catalog': {
            'kpi_id': 'text', 'title': 'text', 'tier': ['headline', 'leading', 'diagnostic'], 'unit': 'text',
            'direction': 'text?', 'clock': 'text?', 'numerator': 'text', 'denominator': 'text?', 'source': 'text?',
        },
    }) }}
{% endmacro %}
