{% macro kpi_sums(unit) -%}
    {#-
        The query of what all KPIs count of one kind of unit: for all cases one row per KPI, workflow and local day, and for each cohort one per week,
        with a counted unit, and with its numerator and denominator (NULL where the KPI has none). A cohort's rows have no day. The units are read once per clock for all KPIs; a column is named after the KPI that it is of.
        Two-sided KPIs have rows of two kinds of units, so the rows are summed further. unit: a key of kpi_units().
    -#}
{%- set clocks = sides_of(unit) -%}
{%- set cohorts = cohort_dimensions() | join('_cohort, ') ~ '_cohort' -%}
with
{%- for clock, sides in clocks.items() %}

by_{{ clock }} as (
    select
        day,
        week_start,
        workflow,
        {{ cohorts }}
        {%- for side in sides %},
        count(case when {{ side.counted }} then 1 end) as {{ side.kpi_id }}_{{ 'denominator' if side.has_denominator else 'units' }}
        {%- if side.numerator_if %},
        count(case when {{ is_in_numerator(side) }} then 1 end) as {{ side.kpi_id }}_numerator
        {%- elif side.amount %},
        sum(case when {{ side.counted }} then {{ to_15_decimals(side.amount) }} end) as {{ side.kpi_id }}_numerator
        {%- endif %}
        {%- endfor %}
    from (
        select
            *,
            {{ local_date(clock) }} as day,
            {{ local_week(clock) }} as week_start
        from {{ units_in_cohorts(unit) | indent(8) }} as units
        where {{ clock }} is not null
    ) as dated
    group by {{ cohort_grouping_sets(['week_start'], keys_of_all=['day'], with_all=false) | indent(4) }} -- noqa: PRS
),
{%- endfor %}

sides as (
    {%- for clock, sides in clocks.items() %}
    select
        kpis.kpi_id,
        sums.day,
        sums.week_start,
        sums.workflow,
        {{ cohorts }},
        case kpis.kpi_id
            {%- for side in sides %}
            when '{{ side.kpi_id }}' then cast({{ side.kpi_id ~ '_numerator' if side.numerator_if or side.amount else '0' if not side.observed else 'null' }} as decimal(38, 15))
            {%- endfor %}
        end as numerator,
        case kpis.kpi_id
            {%- for side in sides %}
            when '{{ side.kpi_id }}' then {{ side.kpi_id ~ '_denominator' if side.has_denominator else '0' if not side.is_count else 'cast(null as ' ~ dbt.type_bigint() ~ ')' }}
            {%- endfor %}
        end as denominator,
        case kpis.kpi_id
            {%- for side in sides %}
            when '{{ side.kpi_id }}' then {{ side.kpi_id }}_{{ 'denominator' if side.has_denominator else 'units' }}
            {%- endfor %}
        end as units
    from by_{{ clock }} as sums
    cross join (values {% for side in sides %}('{{ side.kpi_id }}'){{ ', ' if not loop.last }}{% endfor %}) as kpis (kpi_id)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    kpi_id,
    day,
    week_start,
    {{ cohort_columns() | indent(4) }},
    numerator,
    denominator
from sides
where units > 0
{%- endmacro %}


{% macro units_in_cohorts(unit) -%}
    {#-
        What KPIs count of one kind as a relation to select from: the rows of its model, with the workflow and the cohorts of their case.
        unit: a key of kpi_units().
    -#}
(
    {%- if unit == 'cases' %}
    select
        cases.*,
    {%- else %}
    select
        units.*,
        cases.workflow,
    {%- endif %}
        {{ cohort_attributes('cases') | indent(4) }}
    from {{ ref('int_case__assembled') }} as cases
    {%- if unit != 'cases' %}
    inner join {{ ref(kpi_units()[unit].model) }} as units on cases.case_id = units.case_id
    {%- endif %}
)
{%- endmacro %}


{% macro to_15_decimals(value) -%}
    {#- A double as the decimal that exact_sum() adds up, so that sums of sums give the same double. value: numeric SQL expression. -#}
    cast(cast({{ value }} as {{ type_double() }}) as decimal(38, 15))
{%- endmacro %}
