{% macro is_changed(case_id='case_id') -%}
    {#-
        The condition that a row belongs to a case that this build rebuilds: one of changed_cases where the model grows, every case where its table is
        replaced. For models that hold rows of cases. case_id: SQL expression of type text.
    -#}
    {%- set changed_cases = ref('changed_cases') -%}
    {%- if is_incremental() -%}
        {{ case_id }} in (select changed.case_id from {{ changed_cases }} as changed)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro stored_in_increments() -%}
    {#-
        Stands after the `as` of a common table expression of changed rows that is read more than once. Where the model grows, the rows are few: the
        engine finds them once and stores them. Where its table is replaced, they are all rows, and read again (not_materialized()).
    -#}
    {%- if not is_incremental() -%}
        {{ not_materialized() }}
    {%- endif -%}
{%- endmacro %}


{% macro delete_changed_cases() -%}
    {#- The statement before a model of rows of cases grows: its rows of changed_cases go, and come back as they are now. Empty where its table is replaced. -#}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where {{ is_changed() }}
    {%- endif -%}
{%- endmacro %}


{% macro delete_rebuilt_cases() -%}
    {#-
        The statement before changed_cases grows: the cases that the last build has rebuilt go. Those of a build that did not finish stay, so that
        this one rebuilds them too.
    -#}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where (
            select log.last_complete_number = log.last_number
            from {{ ref('build_log') }} as log
            order by log.build_number desc
            limit 1
        )
    {%- endif -%}
{%- endmacro %}


{% macro is_new(table, loaded_at='loaded_at') -%}
    {#-
        The condition that a row of an event table was loaded after the last complete build read the table, or has no time of loading.
        table: an event table. loaded_at: SQL expression of type timestamp.
    -#}
    ({{ loaded_at }} > (
        select reads.loaded_until
        from {{ ref('build_reads') }} as reads
        where
            reads.source_table = '{{ table }}'
            and reads.build_number = (
                select log.last_complete_number
                from {{ ref('build_log') }} as log
                order by log.build_number desc
                limit 1
            )
    ) or {{ loaded_at }} is null)
{%- endmacro %}
