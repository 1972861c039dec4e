{% macro integrity_checks() %}
    {#-
        What the integrity gate measures on the marts, after a build, in the form of contract_checks(). Each figure is computed again by
        another route than the one that the marts took. Where tables are gone or replaced, the seal names them, and nothing else can be measured.
    -#}
    {% set unlike = unlike_built() if execute else {} %}
    {% if unlike %}
        {{ return({'seal': {'rows': unlike_built_rows(unlike)}}) }}
    {% endif %}
    {{ return({
        'seal': {'rows': broken_seals()},
        'empty': {'rows': nothing_accepted()},
        'denominators': {'rows': cells_that_contradict_themselves()},
        'contributions': {'rows': cells_without_their_units()},
        'acknowledgements': {'rows': resolved_without_acknowledgement()},
        'reconciliation': {'rows': rows_that_got_lost()},
        'repetitions': {'rows': repeated_keys()},
        'ranges': {'rows': values_out_of_range()},
        'status': {'rows': statuses_out_of_place()},
        'violations': {'measures': share_of_cases_in_violation(), 'examples': example_violations()},
        'page_alerts': {'rows': latest_page_alerts()},
    }) }}
{% endmacro %}


{% macro cells_that_contradict_themselves() %}
    {#- Cells whose value is not numerator ÷ denominator or whose interval is another, with a value but no denominator, with a rate above 1. -#}
    select
        kpi_id as thing,
        week_start,
        workflow,
        cohort_dimension,
        cohort_value,
        numerator,
        denominator,
        value
    from {{ ref('rpt_kpi_weekly') }}
    where
        denominator < 0
        or (denominator = 0 and value is not null)
        or (denominator > 0 and numerator is not null and value is null)
        or (
            kpi_id in ({{ kpis_of_kind(['rate', 'ratio']) }})
            and abs(value - {{ rate('numerator', 'denominator') }}) > 1e-9 * (1 + abs(value))
        )
        or (
            kpi_id in ({{ kpis_of_kind(['rate']) }})
            and (
                numerator < 0
                or numerator > denominator
                or abs(ci_low - {{ wilson_low('numerator', 'denominator') }}) > 1e-9
                or abs(ci_high - {{ wilson_high('numerator', 'denominator') }}) > 1e-9
            )
        )
{% endmacro %}


{% macro cells_without_their_units() %}
    {#- Cells of all cases whose numerator, denominator or value is not what their units in fct_kpi_contribution give, either way round. -#}
    with units as (
        select
            kpi_id,
            week_start,
            coalesce(workflow, '(all)') as workflow,
            sum(numerator) as numerator,
            sum(denominator) as denominator,
            {{ median('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['median']) }})) as median_value,
            {{ p90('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['p90']) }})) as p90_value
        from {{ ref('fct_kpi_contribution') }}
        group by grouping sets ((kpi_id, week_start), (kpi_id, week_start, workflow))
    ),

    expected as (
        select
            *,
            {{ kpi_value() | indent(12) }} as value
        from units
    ),

    cells as (
        select
            kpi_id,
            week_start,
            workflow,
            numerator,
            denominator,
            value
        from {{ ref('rpt_kpi_weekly') }}
        where cohort_dimension = 'all'
    )

    select
        coalesce(cells.kpi_id, expected.kpi_id) as thing,
        coalesce(cells.week_start, expected.week_start) as week_start,
        coalesce(cells.workflow, expected.workflow) as workflow,
        cells.numerator,
        expected.numerator as numerator_of_units,
        cells.denominator,
        expected.denominator as denominator_of_units,
        cells.value,
        expected.value as value_of_units
    from cells
    full outer join expected
        on cells.kpi_id = expected.kpi_id and cells.week_start = expected.week_start and cells.workflow = expected.workflow
    where
        cells.kpi_id is null
        or abs(coalesce(cells.numerator, 0) - coalesce(expected.numerator, 0)) > 1e-6 * (1 + abs(coalesce(cells.numerator, 0)))
        or coalesce(cells.denominator, 0) <> coalesce(expected.denominator, 0)
        or abs(coalesce(cells.value, 0) - coalesce(expected.value, 0)) > 1e-6 * (1 + abs(coalesce(cells.value, 0)))
{% endmacro %}


{% macro resolved_without_acknowledgement() %}
    {#-
        Cases that count as resolved although an accepted acknowledgement does not verify each of their writebacks, or at another moment
        than the last of them was verified.
    -#}
    with verified as (
        select
            writebacks.case_id,
            writebacks.idempotency_key,
            min(acks.occurred_at) as verified_at
        from {{ ref('fct_writeback') }} as writebacks
        left join {{ ref('stg_events__writeback_acks') }} as acks
            on
                writebacks.case_id = acks.case_id
                and writebacks.idempotency_key = acks.idempotency_key
                and acks.outcome = 'persisted'
                and acks.occurred_at >= writebacks.first_attempted_at
                and acks.fields_persisted >= writebacks.fields_required
        group by writebacks.case_id, writebacks.idempotency_key
    ),

    acknowledged as (
        select
            case_id,
            count(*) as writebacks,
            count(verified_at) as verified_writebacks,
            max(verified_at) as last_verified_at
        from verified
        group by case_id
    )

    select
        cases.workflow as thing,
        cases.case_id,
        acknowledged.writebacks,
        acknowledged.verified_writebacks,
        cases.resolved_at,
        acknowledged.last_verified_at
    from {{ ref('fct_case_journey') }} as cases
    left join acknowledged on cases.case_id = acknowledged.case_id
    where
        cases.is_resolved
        and (
            acknowledged.case_id is null
            or acknowledged.verified_writebacks < acknowledged.writebacks
            or cases.resolved_at <> acknowledged.last_verified_at
        )
{% endmacro %}


{% macro rows_that_got_lost() %}
    {#- Event tables whose raw rows are not accepted, duplicate and quarantined ones together, or whose rows stand elsewhere in another number. -#}
    {%- for table in event_contract() %}
    select
        counts.source_table as thing,
        counts.raw_rows,
        counts.accepted_rows,
        (select count(*) from {{ ref('stg_events__' ~ table) }}) as staged_rows,
        counts.duplicate_rows,
        counts.quarantined_rows,
        (select count(*) from {{ ref('rpt_quarantined_event') }} where source_table = '{{ table }}') as listed_rows
    from {{ ref('rpt_row_reconciliation') }} as counts
    where
        counts.source_table = '{{ table }}'
        and (
            counts.raw_rows <> counts.accepted_rows + counts.duplicate_rows + counts.quarantined_rows
            or counts.raw_rows <> (select count(*) from {{ visible_rows(table) }})
            or counts.accepted_rows <> (select count(*) from {{ ref('stg_events__' ~ table) }})
            or counts.quarantined_rows <> (select count(*) from {{ ref('rpt_quarantined_event') }} where source_table = '{{ table }}')
        )

    union all
    {% endfor %}
    select
        'fct_case_journey' as thing,
        (select count(distinct case_id) from {{ ref('stg_events__case_triggers') }}) as raw_rows,
        (select count(*) from {{ ref('fct_case_journey') }}) as accepted_rows,
        null as staged_rows,
        null as duplicate_rows,
        null as quarantined_rows,
        null as listed_rows
    where (select count(distinct case_id) from {{ ref('stg_events__case_triggers') }}) <> (select count(*) from {{ ref('fct_case_journey') }})
{% endmacro %}


{% macro repeated_keys() %}
    {#- Keys of the marts that stand in more than one row. -#}
    {%- for table, key in {
        'fct_case_journey': 'case_id',
        'fct_writeback': "case_id || ' ' || idempotency_key",
        'fct_message': "case_id || ' ' || message_id",
        'fct_exception': 'exception_id',
        'fct_charge': 'charge_id',
        'rpt_kpi_weekly':
            "kpi_id || ' ' || cast(week_start as " ~ dbt.type_string() ~ ") || ' ' || workflow || ' ' || cohort_dimension || ' ' || cohort_value",
    }.items() %}
    select
        '{{ table }}' as thing,
        {{ key }} as repeated_key,
        count(*) as row_count
    from {{ ref(table) }}
    group by {{ key }}
    having count(*) > 1
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}


{% macro values_out_of_range() %}
    {#- Values that can't be: rates and bounds outside 0 to 1, an interval that misses its value, negative durations, counts and charges. -#}
    select
        'rpt_kpi_weekly.value' as thing,
        kpi_id || ' ' || cast(week_start as {{ dbt.type_string() }}) || ' ' || workflow || ' ' || cohort_value as of_row,
        value as found
    from {{ ref('rpt_kpi_weekly') }}
    where
        kpi_id in ({{ kpis_of_kind(['rate']) }})
        and not (
            value between 0 and 1
            and ci_low between 0 and value + 1e-9
            and ci_high between value - 1e-9 and 1
        )

    union all

    select
        'fct_case_journey.resolution_minutes' as thing,
        case_id as of_row,
        resolution_minutes as found
    from {{ ref('fct_case_journey') }}
    where resolution_minutes < 0 or resolution_minutes <> {{ minutes_between('triggered_at', 'resolved_at') }}

    union all

    select
        'fct_writeback.persist_seconds' as thing,
        case_id || ' ' || idempotency_key as of_row,
        persist_seconds as found
    from {{ ref('fct_writeback') }}
    where persist_seconds < 0

    union all

    select
        'fct_charge.amount' as thing,
        charge_id as of_row,
        amount as found
    from {{ ref('fct_charge') }}
    where amount < 0 or quantity < 0

    union all

    select
        'rpt_funnel_weekly.cases' as thing,
        cast(week_start as {{ dbt.type_string() }}) || ' ' || workflow || ' ' || cohort_value || ' ' || stage as of_row,
        share_of_previous as found
    from {{ ref('rpt_funnel_weekly') }}
    where share_of_previous > 1 or share_of_triggered > 1
{% endmacro %}


{% macro statuses_out_of_place() %}
    {#- Verdicts where none may be, none where one has to be, another word, or another colour than value, target and red flag give. -#}
    {%- set sided = {} -%}
    {%- for column in ['value', 'target', 'red_flag'] -%}
        {%- do sided.update({column: to_9_decimals("case when kpis.direction = 'higher' then cells." ~ column ~ " else -cells." ~ column ~ ' end')}) -%}
    {%- endfor %}
    select
        cells.kpi_id as thing,
        cells.week_start,
        cells.workflow,
        cells.cohort_dimension,
        cells.tier,
        cells.status,
        cells.value,
        cells.target,
        cells.red_flag
    from {{ ref('rpt_kpi_weekly') }} as cells
    inner join {{ ref('dim_kpi') }} as kpis on cells.kpi_id = kpis.kpi_id
    where
        (cells.status is not null and (cells.tier = 'diagnostic' or cells.cohort_dimension <> 'all'))
        or (cells.status is null and cells.tier <> 'diagnostic' and cells.cohort_dimension = 'all')
        or cells.status not in ('no_target', 'no_data', 'too_little_data', 'red', 'amber', 'green')
        or (cells.status = 'no_target') <> (cells.target is null)
        or (cells.status = 'no_data' and cells.value is not null)
        or (cells.status = 'too_little_data') <> (
            cells.target is not null and cells.value is not null and cells.sample_size < {{ var('min_sample') | int }}
        )
        or (cells.status in ('amber', 'green') and {{ sided.value }} < {{ sided.red_flag }})
        or (cells.status = 'green' and {{ sided.value }} < {{ sided.target }})
        or (cells.status = 'red' and not {{ sided.value }} < {{ sided.red_flag }})
        or (cells.status = 'amber' and not {{ sided.value }} < {{ sided.target }})
{% endmacro %}


{% macro share_of_cases_in_violation() %}
    {#- Per kind of integrity violation, the share of all cases that it concerns. -#}
    select
        kind as thing,
        {{ rate('count(distinct case_id)', '(select count(*) from ' ~ ref('fct_case_journey') ~ ')') }} as measured,
        count(*) as row_count
    from {{ ref('rpt_integrity_violation') }}
    group by kind
{% endmacro %}


{% macro example_violations() %}
    {#- Up to three integrity violations of each kind. -#}
    with numbered as (
        select
            kind as thing,
            case_id,
            detail,
            row_number() over (partition by kind order by {{ byte_order('case_id') }}, {{ byte_order('detail') }}) as example_number
        from {{ ref('rpt_integrity_violation') }}
    )

    select
        thing,
        case_id,
        detail
    from numbered
    where example_number <= 3
{% endmacro %}


{% macro latest_page_alerts() %}
    {#- Confirmed alerts of severity page in the latest final week of their KPI and workflow. -#}
    with final_weeks as (
        select
            kpi_id,
            workflow,
            max(week_start) as week_start
        from {{ ref('rpt_kpi_weekly') }}
        where cohort_dimension = 'all' and not is_provisional
        group by kpi_id, workflow
    )

    select
        alerts.rule_id as thing,
        alerts.week_start,
        alerts.workflow,
        alerts.value,
        alerts.reference,
        alerts.sample_size,
        alerts.owner,
        alerts.action
    from {{ ref('rpt_alert') }} as alerts
    inner join final_weeks
        on
            alerts.kpi_id = final_weeks.kpi_id
            and alerts.workflow = final_weeks.workflow
            and alerts.week_start = final_weeks.week_start
    where alerts.is_confirmed and alerts.severity = 'page'
{% endmacro %}
