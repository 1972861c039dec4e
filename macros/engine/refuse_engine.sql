{% macro refuse_engine(primitive) %}
    {#- Raises: the target's engine lacks a primitive of macros/engine/primitives.sql. primitive: its name. -#}
    {% do exceptions.raise_compiler_error(
        "closed_loop runs on DuckDB, PostgreSQL and Spark: macros/engine has no " ~ primitive ~ "() for a target of type " ~ target.type ~ ". Use one of type duckdb, postgres or spark."
    ) %}
{% endmacro %}
