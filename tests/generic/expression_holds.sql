{% test expression_holds(model, expression) %}
    {#-
        Every row fulfils a condition. A condition that comes out as NULL counts as a failure. Where a
        column may be null, the condition has to say so.

        Parameters
          model        the model, seed or source table under test; dbt supplies it
          expression   SQL condition over the columns of one row, of type boolean

        Example
          data_tests:
            - expression_holds:
                name: fct_writeback__verified_is_settled
                arguments:
                  expression: is_settled or not is_verified

        Passes if    the table is empty, or the condition is true for every row
        Fails if     the condition is false or NULL for a row
        Returns      those rows
    -#}
    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)
{% endtest %}
