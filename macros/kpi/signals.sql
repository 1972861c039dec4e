{% macro signal_series() %}
    {#-
        What signal rules may watch: KPIs that settle within hours, and by what they may be split besides the workflow.
        Returns: dict kpi_id -> list of dimensions, each `all` or a column of the KPI's units.
    -#}
    {{ return({
        'writeback_success_rate': ['all', 'target_system'],
        'writeback_retry_rate': ['all', 'target_system'],
        'identity_pass_rate': ['all', 'method'],
        'fallback_rate': ['all', 'channel'],
    }) }}
{% endmacro %}
