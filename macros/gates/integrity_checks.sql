{% macro integrity_checks() %}
    {#-
        What the integrity gate measures on the marts, after a build, in the form of contract_checks(). Each figure is computed again by
        another route than the one that the marts took; tests of tests/singular ask with the same queries. Where tables are gone or
        replaced, the seal names them, and nothing else can be measured.
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
        'journeys': {'rows': journeys_unlike_their_triggers()},
        'reconciliation': {'rows': rows_that_got_lost()},
        'repetitions': {'rows': repeated_keys()},
        'ranges': {'rows': values_out_of_range()},
        'status': {'rows': statuses_out_of_place()},
        'violations': {'measures': share_of_cases_in_violation(), 'examples': example_violations()},
        'page_alerts': {'rows': latest_page_alerts()},
        'page_signals': {'rows': open_page_signals()},
    }) }}
{% endmacro %}


{% macro resolved_without_acknowledgement() %}
    {#- Cases that are not resolved as their accepted attempts and acknowledgements say, past all models of the intermediate layer. -#}
    with attempts as (
        select
            *,
            row_number() over (
                partition by case_id, idempotency_key
                order by occurred_at, {{ byte_order('event_id') }}
            ) as attempt_rank
        from {{ ref('stg_events__writeback_attempts') }}
    ),

    first_attempts as (
        select * from attempts
        where attempt_rank = 1
    ),

    proofs as (
        select
            first_attempts.case_id,
            first_attempts.idempotency_key,
            acks.occurred_at,
            min(acks.occurred_at) over (partition by first_attempts.case_id, first_attempts.idempotency_key) as first_proof_at
        from first_attempts
        left join {{ ref('stg_events__writeback_acks') }} as acks
            on
                first_attempts.case_id = acks.case_id
                and first_attempts.idempotency_key = acks.idempotency_key
                and acks.outcome = 'persisted'
                and first_attempts.occurred_at <= acks.occurred_at
                and coalesce(first_attempts.fields_required <= coalesce(acks.fields_persisted, -1), true)
    ),

    reversals as (
        select
            case_id,
            idempotency_key,
            max(occurred_at) as reversed_at
        from {{ ref('stg_events__writeback_acks') }}
        where outcome = 'reversed'
        group by case_id, idempotency_key
    ),

    -- What was undone counts once it is persisted again.
    acknowledged as (
        select
            proofs.case_id,
            proofs.idempotency_key,
            min(case
                when coalesce(reversals.reversed_at > proofs.first_proof_at and proofs.occurred_at <= reversals.reversed_at, false) then null
                else proofs.occurred_at
            end) as acknowledged_at
        from proofs
        left join reversals on proofs.case_id = reversals.case_id and proofs.idempotency_key = reversals.idempotency_key
        group by proofs.case_id, proofs.idempotency_key
    ),

    expected as (
        select
            case_id,
            case when count(acknowledged_at) = count(*) then max(acknowledged_at) end as resolved_at
        from acknowledged
        group by case_id
    ),

    cases as (
        select * from {{ ref('fct_case_journey') }}
    )

    select
        cases.case_id as thing,
        cases.workflow,
        cases.is_resolved,
        cases.resolved_at,
        expected.resolved_at as expected_resolved_at
    from cases
    left join expected on cases.case_id = expected.case_id
    where
        cases.resolved_at is distinct from expected.resolved_at
        or cases.is_resolved is distinct from (expected.resolved_at is not null)
        or (cases.is_automated and expected.resolved_at is null)
{% endmacro %}


{% macro journeys_unlike_their_triggers() %}
    {#- Cases that have accepted triggers and no journey, a journey and no trigger, or others in the one than in the other. -#}
    with triggers as (
        select
            case_id,
            count(*) as trigger_count,
            min(occurred_at) as triggered_at
        from {{ ref('stg_events__case_triggers') }}
        group by case_id
    ),

    cases as (
        select * from {{ ref('fct_case_journey') }}
    )

    select
        coalesce(triggers.case_id, cases.case_id) as thing,
        triggers.trigger_count,
        cases.trigger_count as journey_trigger_count,
        triggers.triggered_at,
        cases.triggered_at as journey_triggered_at
    from triggers
    full outer join cases on triggers.case_id = cases.case_id
    where
        triggers.trigger_count is distinct from cases.trigger_count
        or triggers.triggered_at is distinct from cases.triggered_at
{% endmacro %}


{% macro rows_that_got_lost() %}
    {#- Event tables whose raw rows, counted at the source, are another number in the reconciliation, in staging, in the audit trail or in the list of quarantine. -#}
    with raw_counts as (
        {%- for table in event_contract() %}
        select
            '{{ table }}' as source_table,
            count(*) as row_count
        from (
            {{ raw_rows('events', table) | indent(8) }}
        ) as raw_rows
        where raw_rows.loaded_at is null or raw_rows.loaded_at <= {{ as_of() }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    staged_counts as (
        {%- for table in event_contract() %}
        select
            '{{ table }}' as source_table,
            count(*) as row_count
        from {{ ref('stg_events__' ~ table) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    audited_counts as (
        select
            source_table,
            count(*) as row_count
        from {{ ref('fct_case_event') }}
        group by source_table
    ),

    listed_counts as (
        select
            source_table,
            count(*) as row_count
        from {{ ref('rpt_quarantined_event') }}
        group by source_table
    ),

    reconciled as (
        select * from {{ ref('rpt_row_reconciliation') }}
    )

    select
        raw_counts.source_table as thing,
        raw_counts.row_count as counted_rows,
        reconciled.raw_rows,
        reconciled.accepted_rows,
        reconciled.duplicate_rows,
        reconciled.quarantined_rows,
        staged_counts.row_count as staged_rows,
        audited_counts.row_count as audited_rows,
        listed_counts.row_count as listed_rows
    from raw_counts
    inner join staged_counts on raw_counts.source_table = staged_counts.source_table
    left join audited_counts on raw_counts.source_table = audited_counts.source_table
    left join listed_counts on raw_counts.source_table = listed_counts.source_table
    left join reconciled on raw_counts.source_table = reconciled.source_table
    where
        -- With --empty no row of any table is read, those of the reconciliation neither.
        {{ 'false' if flags.EMPTY else 'true' }}
        and (
            reconciled.raw_rows is distinct from raw_counts.row_count
            or reconciled.accepted_rows + reconciled.duplicate_rows + reconciled.quarantined_rows is distinct from raw_counts.row_count
            or reconciled.accepted_rows is distinct from staged_counts.row_count
            or reconciled.accepted_rows is distinct from coalesce(audited_counts.row_count, 0)
            or reconciled.quarantined_rows is distinct from coalesce(listed_counts.row_count, 0)
        )
{% endmacro %}


{% macro repeated_keys() %}
    {#- Keys of the marts that more than one row has. -#}
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
    {#- Values that can't be: negative durations, minutes that are not the elapsed ones, negative charges, a funnel that rises. -#}
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


{% macro open_page_signals() %}
    {#- Signals of severity page that are open: on the latest day of their series with units, which itself speaks for the shift. -#}
    select
        rule_id as thing,
        day,
        first_day,
        workflow,
        dimension_value,
        numerator,
        denominator,
        reference,
        owner,
        action
    from {{ ref('rpt_signal') }}
    where is_open and severity = 'page'
{% endmacro %}
