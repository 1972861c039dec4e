{% macro database_name_problem() %}
    {#-
        What is wrong with the path of the target's DuckDB file, after which its catalog is called. At such a name DuckDB, or dbt's adapter for it, would
        stop half-way and in its own words. Returns: sentence, none where all is well, and for what is no file.
    -#}
    {% if target.type != 'duckdb' or modules.re.match('[A-Za-z]{2,}:', target.path) %}
        {{ return(none) }}
    {% endif %}
    {#- The adapter reads the path as a URL, and loses a blank that begins it, control characters, and what stands behind `?`, `#` or `;`. -#}
    {% set is_plain = modules.re.fullmatch('(?! )[^\x00-\x1f\x7f?#;]*', target.path) and modules.re.fullmatch('[^\'"\\\\]+', target.database) %}
    {% if is_plain and target.database | lower not in ['main', 'system', 'temp'] %}
        {{ return(none) }}
    {% endif %}
    {{ return(
        "CLOSED_LOOP_DUCKDB '" ~ target.path ~ "' can't be used, because DuckDB calls a database after its file. Choose a path without ? # ; and control characters "
        ~ "that begins with no blank, and a file name without quotes that is not main, system or temp before its first dot, such as closed_loop.duckdb."
    ) }}
{% endmacro %}
