{% macro summarise_build() %}
    {#- Runs after a build: prints what a complete one has made, and what to open next. Nothing where a build failed, or made a part. Returns an empty string. -#}
    {% for result in (results if execute else []) if result.node.unique_id == 'model.closed_loop.build_seal' and result.status | string == 'success' %}
        {% set query %}
            select
                (select cast(max(as_of) as {{ dbt.type_string() }}) from {{ earlier_relation('stg_events__as_of') }}) as as_of,
                (select count(*) from {{ earlier_relation('fct_case_journey') }}) as cases,
                (select count(distinct week_start) from {{ earlier_relation('rpt_scorecard_weekly') }}) as weeks,
                (select count(*) from {{ earlier_relation('rpt_integrity_violation') }}) as violations,
                (select coalesce(sum(quarantined_rows), 0) from {{ earlier_relation('rpt_row_reconciliation') }}) as quarantined,
                (select count(*) from {{ earlier_relation('rpt_alert') }} where is_confirmed) as alerts
        {% endset %}
        {% set found = run_query(query).rows[0] %}
        {% do print(
            "Built as of " ~ (found['as_of'] or 'no moment at all') ~ ": " ~ found['cases'] ~ " cases, " ~ found['weeks'] ~ " weeks, " ~ found['violations']
            ~ " integrity violations, " ~ found['quarantined'] ~ " quarantined rows, " ~ found['alerts'] ~ " confirmed alerts."
        ) %}
        {% for told in tables_much_quarantined(earlier_relation('rpt_row_reconciliation')) %}
            {% do print("Much of " ~ told ~ " is quarantined, and counts nowhere: rpt_quarantined_event says why, row by row.") %}
        {% endfor %}
        {% do print("In the schema " ~ earlier_relation('rpt_alert').schema ~ ": rpt_scorecard_weekly (headline KPIs and their verdicts), rpt_open_case, rpt_signal and rpt_alert (what to act on),") %}
        {% do print("rpt_integrity_violation and rpt_quarantined_event (what is wrong in the data).") %}
    {% endfor %}
    {{ return('') }}
{% endmacro %}


{% macro tables_much_quarantined(reconciliation) %}
    {#-
        The event tables of which more is quarantined than tolerable_quarantine(). Returns: list of texts such as `payments (12 %)`.
        reconciliation: the relation rpt_row_reconciliation.
    -#}
    {% set query %}
        select
            source_table,
            cast(round(100 * {{ rate('quarantined_rows', 'raw_rows') }}) as {{ dbt.type_bigint() }}) as percentage
        from {{ reconciliation }}
        where quarantined_rows > {{ tolerable_quarantine() }} * raw_rows
        order by source_table
    {% endset %}
    {% set told = [] %}
    {% for row in run_query(query) %}
        {% do told.append(row['source_table'] ~ ' (' ~ row['percentage'] | int ~ ' %)') %}
    {% endfor %}
    {{ return(told) }}
{% endmacro %}
