{% test unique_combination(model, columns) %}
    {#-
        No two rows share the same values in all the columns: the test of a key of several columns. NULL counts as a value:
        two rows with NULL in the same column, and equal elsewhere, are a repetition.

        Parameters
          model     the model, seed or source table under test; dbt supplies it
          columns   list of column names, at least one

        Example
          data_tests:
            - unique_combination:
                arguments:
                  columns: [case_id, idempotency_key]

        Passes if    the table is empty, or each combination of values is in one row only
        Fails if     a combination is in two rows or more, NULLs included
        Returns      one row per repeated combination: its values and `row_count`, the number of rows that share it
    -#}
    {%- if columns is string or columns is not sequence or columns | length == 0 -%}
        {{ exceptions.raise_compiler_error("unique_combination on " ~ model ~ ": `columns` has to be a list of at least one column.") }}
    {%- endif -%}
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
