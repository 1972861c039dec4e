{% macro is_latest_run() -%}
    {#-
        Whether this build's as_of is later than that of every build before it, so that it may publish (specification, marts.md):
        a boolean. Reads int_run__recorded as the build before left it, without a ref: that model is written after those that ask.
    -#}
    {%- set recorded = load_relation(api.Relation.create(database=target.database, schema='history', identifier='int_run__recorded')) if execute else none -%}
    {%- if recorded is none -%}
        true
    {%- else -%}
        not exists (select 1 from {{ recorded }} as earlier where earlier.as_of >= {{ as_of() }})
    {%- endif -%}
{%- endmacro %}
