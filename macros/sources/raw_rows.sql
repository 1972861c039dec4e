{% macro raw_rows(kind, table) %}
    {#-
        A query of a raw table with the contract's columns, in its order and of its types; nothing is filtered. Behind it, personal columns
        are as the var `pii` has them.
        A table that is not given is a query of no rows, a column that is not given is null.
        kind: 'events' or 'reference'. table: a table of that kind's contract.
    -#}
    {%- set own = own_relation(kind, table) -%}
    {%- set relation = raw_relation(kind, table, own) -%}
    {%- set found_types = source_types(own) if own is not none else {} -%}
    select
        {%- for column, spec in contract(kind)[table].items() %}
        {%- set is_there = relation is not none and (own is none or column in found_types) %}
        {%- set value = typed_column(column if is_there else 'null', spec, found_types.get(column)) %}
        {{ shielded(value, spec) if kind == 'events' and column in personal_columns() else value -}}
        {{ ' ' }}as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- if relation is not none %}
    from {{ relation }}
    {%- else %}
    where false
    {%- endif -%}
{% endmacro %}


{% macro contract(kind) %}
    {#- The contract of the 'events' or of the 'reference' tables: see event_contract(), reference_contract(). kind: events or reference. -#}
    {{ return(event_contract() if kind == 'events' else reference_contract()) }}
{% endmacro %}


{% macro typed_column(column, spec, found_type) %}
    {#-
        The expression that reads a column as its contract type. found_type: the engine's name for the type it has in the
        source (lower case), or none where the source is a seed, which has the right types already. spec: its entry in the contract.
    -#}
    {%- set type = column_type(spec).name -%}
    {%- if found_type and found_type.startswith('timestamp') and 'with time zone' in found_type -%}
        cast({{ column }} at time zone 'UTC' as {{ sql_type(type) }})
    {%- elif found_type and not holds_as_it_is(type, found_type) -%}
        {{ text_as(type, "nullif(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '')") }}
    {%- else -%}
        cast({{ column }} as {{ sql_type(type) }})
    {%- endif -%}
{% endmacro %}
