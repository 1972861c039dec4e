{% macro generate_schema_name(custom_schema_name, node) -%}
    {#-
        The schema of a node: the one that it is configured with, because the public tables are promised in `marts`; the target's own
        schema where none is configured. The var schema_prefix comes before it. dbt calls this for every node.
        custom_schema_name: string or none.
    -#}
    {#- Here and not in check_vars(): dbt creates the schemas before the on-run-start hook runs. -#}
    {%- if database_name_problem() -%}
        {{ exceptions.raise_compiler_error(database_name_problem() ~ " Nothing was built.") }}
    {%- endif -%}
    {%- set prefix = (var('schema_prefix') or '') | string -%}
    {%- if not modules.re.fullmatch('([a-z][a-z0-9_]*)?', prefix) -%}
        {{ exceptions.raise_compiler_error("schema_prefix '" ~ prefix ~ "' can't begin a schema's name. Use small letters, digits and underscores, such as dev_. Nothing was built.") }}
    {%- endif -%}
    {{ prefix }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
