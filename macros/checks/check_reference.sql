{% macro check_reference(relation) %}
    {#-
        Runs after a staged reference table is built: stops the run, before anything reads the table, when the operator's
        rows contradict each other or break the contract. Names the table, the rows and the way out. Returns an empty string.
        relation: a relation of the folder models/staging/reference.
    -#}
    {% if execute %}
        {% set table = relation.identifier | replace('stg_reference__', '') %}
        {% set problems = [] %}
        {% for column, spec in reference_contract()[table].items() %}
            {% set type = column_type(spec) %}
            {% if type.accepted_values %}
                {% set condition = "coalesce(" ~ column ~ ", '') not in ('" ~ type.accepted_values | join("', '") ~ "')" %}
                {% do problems.append({'where': condition, 'shown': column, 'says': 'has another ' ~ column ~ ' than ' ~ type.accepted_values | join(', ')}) %}
            {% elif not type.is_nullable %}
                {% set condition = is_blank(column) if type.name == 'text' else column ~ ' is null' %}
                {% do problems.append({'where': condition, 'shown': column, 'says': 'has no ' ~ column}) %}
            {% endif %}
        {% endfor %}
        {% do problems.extend(reference_rules().get(table, [])) %}
        {% for problem in problems %}
            {% set query %}
                select cast({{ problem.shown }} as {{ dbt.type_string() }}) as shown
                from {{ relation }}
                {% if problem.key %}
                group by {{ problem.key | join(', ') }}
                having count(*) > 1
                {% else %}
                where {{ problem.where }}
                {% endif %}
                limit 5
            {% endset %}
            {% set found = run_query(query) %}
            {% if found | length > 0 %}
                {% do exceptions.raise_compiler_error(
                    "reference table " ~ table ~ ": a row " ~ problem.says ~ " (" ~ found.columns[0].values() | join(', ') ~ "). Correct the table; the marts are as they were."
                ) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro reference_rules() %}
    {#-
        What the operator's reference tables have to keep beyond their columns. A rule is a condition `where` that no row may
        fulfil, or a `key` that no two rows may share; `shown` is the expression that names the row, `says` what is wrong with it.
        Returns: dict table -> list of rules.
    -#}
    {{ return({
        'workflows': [
            {'key': ['workflow'], 'shown': 'workflow', 'says': 'lists a workflow a second time'},
            {'where': "workflow in ('(all)', '*')", 'shown': 'workflow', 'says': 'takes a reserved name as workflow'},
            {'where': 'sla_value < 0', 'shown': 'workflow', 'says': 'has a negative sla_value'},
            {'where': "sla_unit = 'business_days' and sla_value <> floor(sla_value)", 'shown': 'workflow', 'says': 'has a fraction of a business day as sla_value'},
            {'where': 'maturity_days < 0', 'shown': 'workflow', 'says': 'has negative maturity_days'},
        ],
        'kpi_targets': [
            {'key': ['kpi_id', 'workflow'], 'shown': "kpi_id || ' for ' || workflow", 'says': 'sets a target a second time'},
        ],
        'cost_rates': [
            {
                'key': ['category', 'channel', 'valid_from'],
                'shown': "category || ' ' || coalesce(channel, '(any channel)') || ' from ' || cast(valid_from as " ~ dbt.type_string() ~ ')',
                'says': 'overlaps with another rate that begins on the same day, so that neither is the later one',
            },
            {
                'where': "unit <> case category when 'messaging' then 'message' when 'agent' then 'minute' else 'case' end",
                'shown': "category || ' per ' || unit",
                'says': 'has a unit that its category is not charged by (messaging: message, agent: minute, platform: case)',
            },
        ],
        'fixed_costs': [
            {'where': "month <> cast(" ~ dbt.date_trunc('month', 'month') ~ " as date)", 'shown': 'month', 'says': 'has a month that is no first day of a month'},
        ],
        'fx_rates': [
            {
                'key': ['currency', 'valid_from'],
                'shown': "currency || ' from ' || cast(valid_from as " ~ dbt.type_string() ~ ')',
                'says': 'overlaps with another rate of that currency that begins on the same day',
            },
            {'where': 'rate <= 0', 'shown': 'currency', 'says': 'has a rate that is not above 0'},
        ],
        'alert_rules': [
            {'key': ['rule_id'], 'shown': 'rule_id', 'says': 'lists a rule a second time'},
        ],
        'kpi_catalog': [
            {'key': ['kpi_id'], 'shown': 'kpi_id', 'says': 'lists a KPI a second time'},
        ],
    }) }}
{% endmacro %}
