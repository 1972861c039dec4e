{% macro refuse_engine(primitive) %}
    {#- Raises: the target's engine lacks a primitive of macros/engine/primitives.sql. primitive: its name. -#}
    {% do exceptions.raise_compiler_error(
        "closed_loop runs on DuckDB and PostgreSQL, and says nothing of " ~ primitive ~ "() for " ~ target.type ~ ". Take a target of type duckdb or postgres, or add it to macros/engine/" ~ target.type ~ ".sql."
    ) %}
{% endmacro %}
