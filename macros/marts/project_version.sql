{% macro project_version() %}
    {#- The version of closed_loop, as in its dbt_project.yml, which Jinja can't read where closed_loop is a package. Returns: string. -#}
    {{ return('2.0.0') }}
{% endmacro %}
