{% macro check_reference(relation) %}
    {#-
        Runs after a staged reference table is built, and before anything reads it: stops the run when the operator's rows
        contradict each other or break the contract. Names the table, the rows and the way out. Returns an empty string. With --empty
        there are no rows to check.
        relation: a relation of the folder models/staging/reference.
    -#}
    {% if execute and not flags.EMPTY %}
        {% set problems = reference_problems(relation.identifier | replace('stg_reference__', ''), relation) %}
        {% if problems %}
            {% do exceptions.raise_compiler_error("the reference tables can't be used; no journey or figure was built.\n  - " ~ problems | join("\n  - ")) %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro reference_problems(table, relation) %}
    {#-
        What is wrong with the rows of a reference table. table: its name. relation: what holds its rows, with the contract's
        types; a relation or a query in brackets. Returns: list of sentences, empty where all is well.
    -#}
    {#- One query for all rules: what dbt does for a query takes longer than the query. -#}
    {% set rules = column_rules(reference_contract()[table]) + reference_rules().get(table, []) %}
    {% set query %}
        select
            rule_index,
            shown
        from (
            {% for rule in rules %}
            (
                select
                    {{ loop.index0 }} as rule_index,
                    broken.shown
                from ({{ rows_that_break(rule, relation) }}) as broken
                order by broken.shown
                limit 5
            )
            {{ 'union all' if not loop.last }}
            {% endfor %}
        ) as found
        order by rule_index, shown
    {% endset %}
    {% set found = run_query(query).rows %}
    {% set problems = [] %}
    {% for rule in rules %}
        {% set shown = found | selectattr('rule_index', 'equalto', loop.index0) | map(attribute='shown') | list %}
        {% if shown %}
            {% do problems.append("table " ~ table ~ ": a row " ~ rule.says ~ " (" ~ shown | join(', ') ~ "). Correct the table.") %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro rows_that_break(rule, relation) %}
    {#- The query of what a rule of reference_rules() shows of the rows that break it, as `shown`. relation: as in reference_problems(). -#}
    {% if rule.expected %}
    select expected.shown
    from (
        {% for value in rule.expected %}
        select '{{ value }}' as shown {{ 'union all' if not loop.last }}
        {% endfor %}
    ) as expected
    left join {{ relation }} as reference_rows on expected.shown = reference_rows.{{ rule.shown }}
    where reference_rows.{{ rule.shown }} is null
    {% else %}
    select cast({{ rule.shown }} as {{ dbt.type_string() }}) as shown
    from {{ relation }} as reference_rows
    {% if rule.key %}
    group by {{ rule.key | join(', ') }}
    having count(*) > 1
    {% else %}
    where {{ rule.where }}
    {% endif %}
    {% endif %}
{% endmacro %}


{% macro column_rules(columns) %}
    {#-
        The rules that a reference table's contract entries set, in the form of reference_rules(). Returns: list of rules.
        columns: dict of column name -> type, as in reference_contract().
    -#}
    {% set rules = [] %}
    {% for column, spec in columns.items() %}
        {% set type = column_type(spec) %}
        {% if type.accepted_values %}
            {% do rules.append({
                'where': "coalesce(" ~ column ~ ", '') not in ('" ~ type.accepted_values | join("', '") ~ "')",
                'shown': column,
                'says': 'has another ' ~ column ~ ' than ' ~ type.accepted_values | join(', '),
            }) %}
        {% elif not type.is_nullable %}
            {% do rules.append({
                'where': is_blank(column) if type.name == 'text' else column ~ ' is null',
                'shown': columns | list | first,
                'says': 'has no ' ~ column,
            }) %}
        {% endif %}
        {% if type.name == 'date' %}
            {% do rules.append({
                'where': column ~ " < cast('0001-01-01' as date) or " ~ column ~ " > cast('9999-12-31' as date)",
                'shown': columns | list | first,
                'says': 'has a ' ~ column ~ ' outside the years 1 to 9999; infinity is no date' ~ (', and an open end is empty' if type.is_nullable else ''),
            }) %}
        {% endif %}
        {% if type.name == 'double' %}
            {% do rules.append({
                'where': 'not abs(' ~ column ~ ') <= 1e12',
                'shown': columns | list | first,
                'says': 'has ' ~ column ~ ' beyond 1,000,000,000,000, or none that is a number',
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(rules) }}
{% endmacro %}


{% macro reference_rules() %}
    {#-
        What the operator's reference tables have to keep beyond their columns. A rule is a condition `where` that no row may
        fulfil, a `key` that no two rows may share, or a list of values `expected` in the column `shown`; otherwise `shown` is the expression that names the row, `says` what is wrong with it.
        Returns: dict table -> list of rules.
    -#}
    {% set watchable = [] %}
    {% for kpi_id, dimensions in signal_series().items() %}
        {% for dimension in dimensions %}
            {% do watchable.append(kpi_id ~ '/' ~ dimension) %}
        {% endfor %}
    {% endfor %}
    {{ return({
        'workflows': [
            {'key': ['workflow'], 'shown': 'workflow', 'says': 'lists a workflow a second time'},
            {'where': "workflow in ('(all)', '*')", 'shown': 'workflow', 'says': 'takes a reserved name as workflow'},
            {'where': 'sla_value < 0', 'shown': 'workflow', 'says': 'has a negative sla_value'},
            {'where': "sla_unit = 'business_days' and sla_value <> floor(sla_value)", 'shown': 'workflow', 'says': 'has a fraction of a business day as sla_value'},
            {'where': 'maturity_days < 0', 'shown': 'workflow', 'says': 'has negative maturity_days'},
        ],
        'kpi_targets': [
            {
                'key': ['kpi_id', 'workflow', 'valid_from'],
                'shown': "kpi_id || ' for ' || workflow || coalesce(' from ' || cast(valid_from as " ~ dbt.type_string() ~ "), '')",
                'says': 'sets a target a second time for the same first day',
            },
            {'where': 'valid_to <= valid_from', 'shown': "kpi_id || ' for ' || workflow", 'says': 'has a valid_to that is not after its valid_from'},
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
            {'where': 'not (rate > 0 and rate <= 1000000)', 'shown': 'currency', 'says': 'has a rate that is not above 0 and at most 1,000,000'},
        ],
        'alert_rules': [
            {'key': ['rule_id'], 'shown': 'rule_id', 'says': 'lists a rule a second time'},
        ],
        'signal_rules': [
            {'key': ['rule_id'], 'shown': 'rule_id', 'says': 'lists a rule a second time'},
            {
                'where': "kpi_id || '/' || dimension not in ('" ~ watchable | join("', '") ~ "')",
                'shown': "rule_id || ': ' || kpi_id || ' by ' || dimension",
                'says': 'watches what no signal rule can watch; these can be watched: ' ~ watchable | join(', '),
            },
            {'where': 'not odds_ratio > 1', 'shown': 'rule_id', 'says': 'has an odds_ratio that is not above 1'},
            {'where': 'not false_alarms_per_year > 0', 'shown': 'rule_id', 'says': 'has false_alarms_per_year that are not above 0'},
        ],
        'manual_steps': [
            {'key': ['step'], 'shown': 'step', 'says': 'lists a step a second time'},
            {'where': 'minutes < 0', 'shown': 'step', 'says': 'has negative minutes'},
        ],
        'changes': [
            {'key': ['change_id'], 'shown': 'change_id', 'says': 'lists a change a second time'},
            {
                'where': "kpi_id not in ('" ~ kpis_with_verdict() | join("', '") ~ "')",
                'shown': "change_id || ': ' || kpi_id",
                'says': 'names a KPI that is none, or a diagnostic, which carries no verdict',
            },
        ],
        'fixes': [
            {'key': ['fix_id'], 'shown': 'fix_id', 'says': 'lists a fix a second time'},
            {'where': 'engineering_hours < 0', 'shown': 'fix_id', 'says': 'has negative engineering_hours'},
        ],
        'time_zones': [
            {'key': ['timezone'], 'shown': 'timezone', 'says': 'lists a time zone a second time'},
        ],
        'kpi_catalog': [
            {'key': ['kpi_id'], 'shown': 'kpi_id', 'says': 'lists a KPI a second time'},
            {
                'expected': kpi_definitions() | list,
                'shown': 'kpi_id',
                'says': 'is missing for a KPI that macros/kpi/kpi_definitions.sql defines',
            },
            {
                'where': "kpi_id not in ('" ~ kpi_definitions() | join("', '") ~ "')",
                'shown': 'kpi_id',
                'says': 'describes a KPI that macros/kpi/kpi_definitions.sql does not define',
            },
            {
                'where': "(tier = 'diagnostic') = (kpi_id in ('" ~ kpis_with_verdict() | join("', '") ~ "'))",
                'shown': 'kpi_id',
                'says': 'moves a KPI into or out of the tier diagnostic, which its definition decides (is_diagnostic)',
            },
        ],
    }) }}
{% endmacro %}
