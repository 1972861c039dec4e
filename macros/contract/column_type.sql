{% macro column_type(spec) %}
    {#-
        The parts of one contract entry. spec: an entry of event_contract() or reference_contract().
        Returns: dict with `name` (text, timestamp, …), `is_optional` (the column may be absent), `is_nullable` and `accepted_values` (list,
        empty where free).
    -#}
    {% if spec is string %}
        {{ return({
            'name': spec.split(' ') | first | replace('?', ''),
            'is_optional': spec.endswith('?'),
            'is_nullable': spec.endswith('?') or spec.endswith(' or null'),
            'accepted_values': [],
        }) }}
    {% endif %}
    {{ return({'name': 'text', 'is_optional': '?' in spec, 'is_nullable': '?' in spec, 'accepted_values': spec | reject('equalto', '?') | list}) }}
{% endmacro %}


{% macro sql_type(name) %}
    {#- The engine's name for a contract type. name: text, timestamp, date, boolean, integer, double or money. -#}
    {% set types = {
        'text': dbt.type_string(),
        'timestamp': 'timestamp',
        'date': 'date',
        'boolean': dbt.type_boolean(),
        'integer': dbt.type_bigint(),
        'double': type_double(),
        'money': 'decimal(18, 2)',
    } %}
    {{ return(types[name]) }}
{% endmacro %}
