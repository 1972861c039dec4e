{% macro kpi_passes() %}
    {#-
        The sides of the KPIs by what they read: all that count the same units by the same clock are summed in one pass over them.
        Returns: dict of pass name -> dict with
          of, clock     of all its sides
          sides         list of kpi_sides(), each with `place`, that of its condition in `conditions`
          conditions    list of the conditions by which those sides count a unit, each once
    -#}
    {% set passes = {} %}
    {% for kpi_id, kpi in kpi_definitions().items() %}
        {% for side in kpi_sides(kpi_id, kpi) %}
            {% set start = {'of': side.of, 'clock': side.clock, 'sides': [], 'conditions': []} %}
            {% set pass = passes.setdefault(side.of ~ '_by_' ~ side.clock, start) %}
            {% set condition = side.counted | join(' and ') or 'true' %}
            {% if condition not in pass.conditions %}
                {% do pass.conditions.append(condition) %}
            {% endif %}
            {% do side.update({'place': pass.conditions.index(condition)}) %}
            {% do pass.sides.append(side) %}
        {% endfor %}
    {% endfor %}
    {{ return(passes) }}
{% endmacro %}


{% macro pass_query(name) -%}
    {#-
        The query of one pass: one row per KPI side, week, workflow and cohort with a unit: what its units add to the numerator and
        the denominator. The units are read once for all KPIs, wide, and only the sums are turned into rows.
        name: key of kpi_passes().
    -#}
    {%- set pass = kpi_passes()[name] -%}
    {%- set kpi_ids = pass.sides | map(attribute='kpi_id') | list -%}
    with

    cases as (
        select
            case_id,
            workflow,
            {{ cohort_attributes() | indent(8) }}
        from {{ ref('fct_case_journey') }}
    ),

    -- Per condition whether it counts the unit, and per side what the unit adds.
    units as (
        select
            case_id,
            {{ local_week(pass.clock) }} as week_start,
            {%- if pass.of == 'cases' %}
            workflow,
            {{ cohort_attributes() | indent(12) }},
            {%- endif %}
            {%- for condition in pass.conditions %}
            case when {{ condition }} then 1 end as counted_{{ loop.index0 }},
            {%- endfor %}
            {%- for side in pass.sides %}
            case
                when {{ pass.conditions[side.place] }}
                    then {{ side.numerator if side.is_counting else to_15_decimals(side.numerator) }}
            end as numerator_{{ loop.index0 }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ ref(kpi_units()[pass.of].model) }}
        where {{ pass.clock }} is not null and {{ is_touched_week(passes_of(kpi_ids), local_week(pass.clock)) }}
    ),

    sums as (
        select
            week_start,
            {{ cohort_columns() | indent(8) }},
            {%- for side in pass.sides %}
            count(counted_{{ side.place }}) as units_{{ loop.index0 }},
            cast(sum(numerator_{{ loop.index0 }}) as decimal(38, 15)) as numerator_{{ loop.index0 }}{{ ',' if not loop.last }}
            {%- endfor %}
        from units
        {%- if pass.of != 'cases' %}
        inner join cases on units.case_id = cases.case_id
        {%- endif %}
        group by {{ cohort_grouping_sets(['week_start'], with_all=false) | indent(8) }} -- noqa: PRS
    ),

    sides as (
        select
            listed.kpi_id,
            listed.denominator,
            sums.week_start,
            sums.workflow,
            sums.cohort_dimension,
            sums.cohort_value,
            case listed.place
                {%- for side in pass.sides %}
                when {{ loop.index0 }} then sums.units_{{ loop.index0 }}
                {%- endfor %}
            end as units,
            case listed.place
                {%- for side in pass.sides %}
                when {{ loop.index0 }} then sums.numerator_{{ loop.index0 }}
                {%- endfor %}
            end as numerator
        from sums
        cross join (
            values
            {%- for side in pass.sides %}
            ({{ loop.index0 }}, '{{ side.kpi_id }}', cast({{ side.denominator }} as {{ dbt.type_bigint() }})){{ ',' if not loop.last }}
            {%- endfor %}
        ) as listed (place, kpi_id, denominator)
    )

    select
        kpi_id,
        '{{ name }}' as pass,
        week_start,
        workflow,
        cohort_dimension,
        cohort_value,
        numerator,
        cast(units * denominator as {{ dbt.type_bigint() }}) as denominator
    from sides
    where units > 0 and {{ is_touched_cell() }}
{%- endmacro %}


{% macro to_15_decimals(value) -%}
    {#- A double as the decimal that exact_sum() adds up, so that sums of sums give the same double. value: numeric SQL expression. -#}
    cast(cast({{ value }} as {{ type_double() }}) as decimal(38, 15))
{%- endmacro %}
