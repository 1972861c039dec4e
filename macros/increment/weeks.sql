{% macro unit_weeks(before) -%}
    {#-
        The weeks in which the cases that this build rebuilds have units, as a query: pass (of kpi_passes()) and week_start. No row where
        everything is rebuilt. before: whether the units are read as the build before left them; otherwise as this build does.
    -#}
    {%- set cases = ref('int_case__touched') -%}
    {%- set passes_by_unit = {} -%}
    {%- for name, pass in kpi_passes().items() -%}
        {%- do passes_by_unit.setdefault(pass.of, {}).update({name: pass.clock}) -%}
    {%- endfor -%}
    with
    {% for of, clocks in passes_by_unit.items() %}
    {%- set model = kpi_units()[of].own_model or kpi_units()[of].model -%}
    {%- set relation = left_by_last_build(model) if before else ref(model) %}
    touched_{{ of }} as (
        select
            {%- for clock in clocks.values() %}
            {{ local_week(clock) if is_increment() else 'cast(null as date)' }} as {{ clock }}_week{{ ',' if not loop.last }}
            {%- endfor %}
        {%- if is_increment() %}
        from {{ relation }}
        where case_id in (select touched.case_id from {{ cases }} as touched)
        {%- endif %}
    ){{ ',' if not loop.last }}
    {% endfor -%}

    {%- for of, clocks in passes_by_unit.items() %}
    {%- set is_last_unit = loop.last %}
    {%- for name, clock in clocks.items() %}
    select
        '{{ name }}' as pass,
        {{ clock }}_week as week_start
    from touched_{{ of }}
    where {{ clock }}_week is not null
    group by {{ clock }}_week
    {{ 'union all' if not (loop.last and is_last_unit) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}


{% macro is_touched_week(passes, week_start='week_start') -%}
    {#-
        The condition that a week may hold other units than before, in the pass or in any of a list of passes of kpi_passes(); true for
        every week where the build isn't an increment. week_start: SQL expression of type date.
    -#}
    {%- for pass in passes if pass not in kpi_passes() -%}
        {%- do exceptions.raise_compiler_error("there is no pass '" ~ pass ~ "' in kpi_passes().") -%}
    {%- endfor -%}
    {%- set increment = is_increment() -%}
    {%- if increment or not execute -%}
        {{ week_start }} in (
            select touched.week_start from {{ ref('int_week__touched') }} as touched
            where touched.pass in ('{{ passes | join("', '") }}')
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro is_touched_cell() -%}
    {#- The condition that a KPI's cell, by kpi_id and week_start, may be another than before; true for all where the build isn't an increment. -#}
    {%- set increment = is_increment() -%}
    {%- if increment or not execute -%}
        (kpi_id, week_start) in (
            select listed.kpi_id, touched.week_start
            from {{ ref('int_week__touched') }} as touched
            inner join (
                values
                {%- for name, pass in kpi_passes().items() %}
                {%- set comma_after_pass = ',' if not loop.last %}
                {%- for side in pass.sides %}
                ('{{ name }}', '{{ side.kpi_id }}'){{ comma_after_pass if loop.last else ',' }}
                {%- endfor %}
                {%- endfor %}
            ) as listed (pass, kpi_id) on touched.pass = listed.pass
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{% macro passes_of(kpi_ids) %}
    {#- The passes of kpi_passes() that any of some KPIs is read in. kpi_ids: list. Returns: list of names. -#}
    {% set names = [] %}
    {% for name, pass in kpi_passes().items() %}
        {% if pass.sides | map(attribute='kpi_id') | select('in', kpi_ids) | list %}
            {% do names.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
