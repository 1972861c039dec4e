{% macro cells_that_contradict_themselves() %}
    {#- Cells whose value, numerator, denominator and interval don't fit together. What can't be judged doesn't. -#}
    {%- set is_rate = 'kpi_id in (' ~ kpis_of_kind(['rate']) ~ ')' %}
    select
        kpi_id as thing,
        week_start,
        workflow,
        cohort_dimension,
        cohort_value,
        numerator,
        denominator,
        value,
        ci_low,
        ci_high
    from {{ ref('rpt_kpi_weekly') }}
    where
        not coalesce(
            case when denominator is null then value = numerator else denominator >= 0 and (value is null) = (denominator = 0) end
            and (
                kpi_id not in ({{ kpis_of_kind(['rate', 'ratio']) }})
                or value is null
                or abs(value - {{ rate('numerator', 'denominator') }}) <= 1e-9 * (1 + abs(value))
            )
            and (ci_low is not null) = ({{ is_rate }} and denominator > 0)
            and (ci_high is not null) = ({{ is_rate }} and denominator > 0)
            and (
                ci_low is null
                or (
                    numerator between 0 and denominator
                    and abs(ci_low - {{ wilson_low('numerator', 'denominator') }}) <= 1e-9
                    and abs(ci_high - {{ wilson_high('numerator', 'denominator') }}) <= 1e-9
                )
            ),
            false
        )
{% endmacro %}


{% macro cells_without_their_units() %}
    {#-
        Cells whose figures are not those of their units. A unit in another week than its clock's, or of another workflow than its case's,
        belongs to no cell here.
    -#}
    with contributions as (
        select * from {{ ref('fct_kpi_contribution') }}
    ),

    cases as (
        select * from {{ ref('fct_case_journey') }}
    ),

    units as (
        select
            contributions.kpi_id,
            case when contributions.week_start = {{ local_week('contributions.clock_at') }} then contributions.week_start end as week_start,
            cases.workflow,
            contributions.numerator,
            contributions.denominator,
            contributions.observed_value,
            {{ cohort_attributes('cases') }}
        from contributions
        inner join cases on contributions.case_id = cases.case_id and contributions.workflow = cases.workflow
    ),

    units_by_workflow as (
        select * from units

        union all

        select
            kpi_id,
            week_start,
            '(all)' as workflow,
            numerator,
            denominator,
            observed_value,
            {{ cohort_dimensions() | join('_cohort, ') }}_cohort
        from units
    ),

    expected as (
        {%- for dimension in ['all'] + cohort_dimensions() %}
        {%- set cohort_value = "'all'" if dimension == 'all' else dimension ~ '_cohort' %}
        select
            kpi_id,
            week_start,
            workflow,
            '{{ dimension }}' as cohort_dimension,
            {{ cohort_value }} as cohort_value,
            sum(numerator) as numerator,
            sum(abs(numerator)) as magnitude,
            sum(denominator) as denominator,
            {{ median('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['median']) }})) as median_value,
            {{ p90('observed_value') }} filter (where kpi_id in ({{ kpis_of_kind(['p90']) }})) as p90_value
        from units_by_workflow
        group by kpi_id, week_start, workflow{{ ', ' ~ cohort_value if dimension != 'all' }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    cells as (
        select * from {{ ref('rpt_kpi_weekly') }}
    ),

    compared as (
        select
            coalesce(cells.week_start, expected.week_start) as week_start,
            coalesce(cells.workflow, expected.workflow) as workflow,
            coalesce(cells.cohort_dimension, expected.cohort_dimension) as cohort_dimension,
            coalesce(cells.cohort_value, expected.cohort_value) as cohort_value,
            coalesce(cells.kpi_id, expected.kpi_id) as kpi_id,
            cells.kpi_id is not null as has_cell,
            cells.value,
            coalesce(cells.numerator, 0) as numerator,
            coalesce(cells.denominator, 0) as denominator,
            coalesce(expected.numerator, 0) as expected_numerator,
            coalesce(expected.denominator, 0) as expected_denominator,
            coalesce(expected.magnitude, 0) as magnitude,
            case
                when coalesce(cells.kpi_id, expected.kpi_id) in ({{ kpis_of_kind(['median']) }}) then expected.median_value
                when coalesce(cells.kpi_id, expected.kpi_id) in ({{ kpis_of_kind(['p90']) }}) then expected.p90_value
                when coalesce(cells.kpi_id, expected.kpi_id) in ({{ kpis_of_kind(['count']) }}) then coalesce(expected.numerator, 0)
                else {{ rate('coalesce(expected.numerator, 0)', 'expected.denominator') }}
            end as expected_value
        from cells
        full outer join expected
            on
                cells.week_start = expected.week_start
                and cells.workflow = expected.workflow
                and cells.cohort_dimension = expected.cohort_dimension
                and cells.cohort_value = expected.cohort_value
                and cells.kpi_id = expected.kpi_id
    )

    select
        kpi_id as thing,
        week_start,
        workflow,
        cohort_dimension,
        cohort_value,
        has_cell,
        numerator,
        expected_numerator,
        denominator,
        expected_denominator,
        value,
        expected_value
    from compared
    where
        denominator <> expected_denominator
        or not coalesce(abs(numerator - expected_numerator) <= 1e-9 * (1 + magnitude), false)
        -- A cell of all cases is always there, another one where it has something to show.
        or (not has_cell and cohort_dimension = 'all')
        or (has_cell and cohort_dimension <> 'all' and numerator = 0 and denominator = 0)
        or (has_cell and (value is null) <> (expected_value is null))
        or (has_cell and abs(value - expected_value) > 1e-9 * (1 + abs(expected_value) + magnitude))
{% endmacro %}


{% macro statuses_out_of_place() %}
    {#- Verdicts where none may be, none where one has to be, another word, or another colour than value, target and red flag give. -#}
    {%- set sided = {} -%}
    {%- for column in ['value', 'target', 'red_flag'] -%}
        {%- do sided.update({column: to_9_decimals("case when kpis.direction = 'higher' then cells." ~ column ~ " else -cells." ~ column ~ ' end')}) -%}
    {%- endfor %}
    {%- set is_judged = 'cells.sample_size >= ' ~ (var('min_sample') | int) %}
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
    left join {{ ref('dim_kpi') }} as kpis on cells.kpi_id = kpis.kpi_id
    where
        not coalesce(
            (cells.status is not null) = (cells.cohort_dimension = 'all' and cells.tier <> 'diagnostic')
            and (cells.target is null) = (cells.red_flag is null)
            and (not cells.is_provisional or coalesce(cells.status in ('no_target', 'provisional'), true))
            and (cells.is_certain is not null) = (cells.ci_low is not null and coalesce(cells.status in ('red', 'amber', 'green'), false))
            and case coalesce(cells.status, 'none')
                when 'none' then cells.baseline_value is null and cells.target is null and cells.owner is null and cells.action is null
                when 'no_target' then cells.target is null
                when 'provisional' then cells.target is not null and cells.is_provisional
                when 'no_data' then cells.target is not null and cells.value is null
                when 'too_little_data' then cells.target is not null and cells.value is not null and not {{ is_judged }}
                when 'red' then {{ is_judged }} and {{ sided.value }} < {{ sided.red_flag }}
                when 'amber' then {{ is_judged }} and {{ sided.value }} >= {{ sided.red_flag }} and {{ sided.value }} < {{ sided.target }}
                when 'green' then {{ is_judged }} and {{ sided.value }} >= {{ sided.red_flag }} and {{ sided.value }} >= {{ sided.target }}
            end,
            false
        )
{% endmacro %}
