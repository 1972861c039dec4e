{% macro kpi_sums(unit) -%}
    {#-
        The query of what all KPIs count of one kind of unit: for all cases one row per KPI, workflow and local day, and for each cohort one per week,
        with a counted unit, and with its numerator and denominator (NULL where the KPI has none). A cohort's rows have no day. The units are read
        once per clock for all KPIs; a column is named after the KPI that it is of.
        Two-sided KPIs have rows of two kinds of units, so the rows are summed further. unit: a key of kpi_units().
    -#}
{%- set clocks = sides_of(unit) -%}
{%- set cohorts = cohort_dimensions() | join('_cohort, ') ~ '_cohort' -%}
with

units as {{ not_materialized() }} (
    select
        *,
        {%- for clock in clocks %}
        {{ local_date(clock) }} as {{ clock }}_day,
        {{ local_week(clock) }} as {{ clock }}_week{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ units_in_cohorts(unit) | indent(4) }} as in_cohorts
),
{%- for clock, sides in clocks.items() %}

by_{{ clock }} as (
    select
        {{ clock }}_day as day,
        {{ clock }}_week as week_start,
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
    from units
    where {{ clock }} is not null
    group by {{ cohort_grouping_sets([clock ~ '_week'], keys_of_all=[clock ~ '_day'], with_all=false) | indent(4) }} -- noqa: PRS
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
            when '{{ side.kpi_id }}' then {{ side.kpi_id }}_{{ 'denominator' if side.has_denominator else 'units' }}
            {%- endfor %}
        end as units,
        kpis.denominator_of_unit
    from by_{{ clock }} as sums
    cross join (values {% for side in sides %}('{{ side.kpi_id }}', {{ denominator_of_unit(side) }}){{ ', ' if not loop.last }}{% endfor %}) as kpis (kpi_id, denominator_of_unit)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    kpi_id,
    day,
    week_start,
    {{ cohort_columns() | indent(4) }},
    numerator,
    units * denominator_of_unit as denominator
from sides
where units > 0
{%- endmacro %}


{% macro units_in_cohorts(unit, cases=none) -%}
    {#-
        What KPIs count of one kind as a relation to select from: the rows of its model, with the workflow and the cohorts of their case.
        unit: a key of kpi_units(). cases: the relation with the rows of int_case__assembled whose units are asked for; all by default.
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
    from {{ cases or ref('int_case__assembled') }} as cases
    {%- if unit != 'cases' %}
    inner join {{ ref(kpi_units()[unit].model) }} as units on cases.case_id = units.case_id
    {%- endif %}
)
{%- endmacro %}


{% macro to_15_decimals(value) -%}
    {#- A double as the decimal that exact_sum() adds up, so that sums of sums give the same double. value: numeric SQL expression. -#}
    cast(cast({{ value }} as {{ type_double() }}) as decimal(38, 15))
{%- endmacro %}
