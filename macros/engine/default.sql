{#- Where an engine's file lacks a primitive. Without these dbt would stop by itself, but in words that name no engine that serves. -#}


{% macro default__type_double() %}{{ refuse_engine('type_double') }}{% endmacro %}
{% macro default__text_literal(value) %}{{ refuse_engine('text_literal') }}{% endmacro %}
{% macro default__byte_order(text) %}{{ refuse_engine('byte_order') }}{% endmacro %}
{% macro default__sorted_texts(text) %}{{ refuse_engine('sorted_texts') }}{% endmacro %}
{% macro default__json_object(columns) %}{{ refuse_engine('json_object') }}{% endmacro %}
{% macro default__json_member(json, name) %}{{ refuse_engine('json_member') }}{% endmacro %}
{% macro default__sha256(text) %}{{ refuse_engine('sha256') }}{% endmacro %}
{% macro default__row_hash(rows) %}{{ refuse_engine('row_hash') }}{% endmacro %}
{% macro default__view_definition(view) %}{{ refuse_engine('view_definition') }}{% endmacro %}
{% macro default__view_mark(view, mark) %}{{ refuse_engine('view_mark') }}{% endmacro %}
{% macro default__is_absent_from(value, relation, column) %}{{ refuse_engine('is_absent_from') }}{% endmacro %}
{% macro default__not_materialized() %}{{ refuse_engine('not_materialized') }}{% endmacro %}
{% macro default__value_of_first(value, order_by) %}{{ refuse_engine('value_of_first') }}{% endmacro %}
{% macro default__median_and_p90(value) %}{{ refuse_engine('median_and_p90') }}{% endmacro %}
{% macro default__array_item(array, number) %}{{ refuse_engine('array_item') }}{% endmacro %}
{% macro default__seconds_between(starts_at, ends_at) %}{{ refuse_engine('seconds_between') }}{% endmacro %}
{% macro default__add_seconds(moment, seconds) %}{{ refuse_engine('add_seconds') }}{% endmacro %}
{% macro default__outermost_moment(sign) %}{{ refuse_engine('outermost_moment') }}{% endmacro %}
{% macro default__date_series(first_day, last_day) %}{{ refuse_engine('date_series') }}{% endmacro %}
{% macro default__in_other_zone(moment, zone, other_zone) %}{{ refuse_engine('in_other_zone') }}{% endmacro %}
{% macro default__source_types(relation) %}{{ refuse_engine('source_types') }}{% endmacro %}
{% macro default__check_types(table, relation, columns, found_types) %}{{ refuse_engine('check_types') }}{% endmacro %}
{% macro default__holds_as_it_is(type, found_type) %}{{ refuse_engine('holds_as_it_is') }}{% endmacro %}
{% macro default__unfit_value(column, type, found_type) %}{{ refuse_engine('unfit_value') }}{% endmacro %}
{% macro default__pii_key() %}{{ refuse_engine('pii_key') }}{% endmacro %}
{% macro default__pii_key_variable() %}{{ refuse_engine('pii_key_variable') }}{% endmacro %}
{% macro default__database_name_problem() %}{{ refuse_engine('database_name_problem') }}{% endmacro %}
{% macro default__session_problems() %}{{ refuse_engine('session_problems') }}{% endmacro %}
{% macro default__planner_settings() %}{{ refuse_engine('planner_settings') }}{% endmacro %}
{% macro default__replaces_rows() %}{{ refuse_engine('replaces_rows') }}{% endmacro %}
{% macro default__reads_files() %}{{ refuse_engine('reads_files') }}{% endmacro %}
{% macro default__is_shared_database() %}{{ refuse_engine('is_shared_database') }}{% endmacro %}
