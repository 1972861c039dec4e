{% macro get_incremental_new_rows_sql(arguments) %}
    {#-
        dbt's incremental strategy new_rows, of classified raw rows: the new ones come in, and those that were waiting for a parent are
        judged again (classified_events() selects both). arguments: dict that dbt gives.
    -#}
    {% set table = model.name | replace('base_events__', '') %}
    delete from {{ arguments.target_relation }}
    where {{ is_new(table) }} or {{ is_waiting() }};
    {{ insert_rows(arguments) }}
{% endmacro %}


{% macro get_incremental_touched_cases_sql(arguments) %}
    {#- dbt's incremental strategy touched_cases: the cases of int_case__touched are replaced. arguments: dict that dbt gives. -#}
    delete from {{ arguments.target_relation }}
    where {{ is_touched() }};
    {{ insert_rows(arguments) }}
{% endmacro %}


{% macro get_incremental_touched_cells_sql(arguments) %}
    {#- dbt's incremental strategy touched_cells: the KPIs' cells of int_week__touched are replaced. arguments: dict that dbt gives. -#}
    delete from {{ arguments.target_relation }}
    where {{ is_touched_cell() }};
    {{ insert_rows(arguments) }}
{% endmacro %}


{% macro get_incremental_touched_weeks_sql(arguments) %}
    {#- dbt's incremental strategy touched_weeks: the weeks of int_week__touched are replaced, in any of the passes that `meta` names. arguments: dict that dbt gives. -#}
    delete from {{ arguments.target_relation }}
    where {{ is_touched_week(config.get('meta').passes) }};
    {{ insert_rows(arguments) }}
{% endmacro %}


{% macro get_incremental_touched_violations_sql(arguments) %}
    {#-
        dbt's incremental strategy touched_violations, of integrity violations: those of the cases of int_case__touched are replaced, and all
        that are a matter of more than one case. arguments: dict that dbt gives.
    -#}
    {% set across_cases = [] %}
    {% for kind, violation in integrity_violations().items() if violation.across_cases %}
        {% do across_cases.append(kind) %}
    {% endfor %}
    delete from {{ arguments.target_relation }}
    where kind in ('{{ across_cases | join("', '") }}') or {{ is_touched() }};
    {{ insert_rows(arguments) }}
{% endmacro %}


{% macro insert_rows(arguments) %}
    {#- The insert of a strategy's new rows. arguments: dict that dbt gives to a strategy. -#}
    {% set columns = arguments.dest_columns | map(attribute='quoted') | join(', ') %}
    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arguments.temp_relation }}
{% endmacro %}


{% macro is_waiting() -%}
    {#- The condition that a classified raw row waits for a parent that may still come. -#}
    coalesce(quarantine_reason in ('orphan_case', 'orphan_reference'), false)
{%- endmacro %}
