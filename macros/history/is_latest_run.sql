{% macro is_latest_run() -%}
    {#-
        Whether this build's as_of is later than that of every build before it, so that it may publish (specification, marts.md):
        a boolean. Only int_kpi__published asks. Reads int_run__recorded as the build before left it, without a ref: that model is written
        after those that ask. A build that ended between the two has published, but isn't recorded: its figures say so.
    -#}
    {%- set recorded = load_relation(api.Relation.create(database=this.database, schema=this.schema, identifier='int_run__recorded')) if execute else none -%}
    not exists (select 1 from {{ this }} as earlier where earlier.published_as_of > {{ as_of() }})
    {%- if recorded is not none %}
    and not exists (select 1 from {{ recorded }} as earlier where earlier.as_of >= {{ as_of() }})
    {%- endif -%}
{%- endmacro %}
