{% macro generate_schema_name(custom_schema_name, node) -%}
    {#-
        The schema of a node: the one that it is configured with, because the public tables are promised in `marts`; the target's own
        schema where none is configured. The var schema_prefix comes before it. dbt calls this for every node.
        custom_schema_name: string or none.
    -#}
    {{ var('schema_prefix') or '' }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
