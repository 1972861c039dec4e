{% macro generate_schema_name(custom_schema_name, node) -%}
    {#-
        The schema of a node: the one that it is configured with, as it is, because the public tables are promised
        in `marts`; the target's own schema where none is configured. dbt calls this for every node.
        custom_schema_name: string or none.
    -#}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
