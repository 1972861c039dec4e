{% macro unit_weeks(before) -%}
    {#-
        The weeks in which the cases that this build rebuilds have units, as a query: pass (of kpi_passes()) and week_start. No row where
        everything is rebuilt. before: whether the units are read as the build before left them; otherwise as this build does.
    -#}
    {%- set cases = ref('int_case__touched') -%}
    {%- for name, pass in kpi_passes().items() -%}
    {%- set model = kpi_units()[pass.of].own_model or kpi_units()[pass.of].model -%}
    {%- set relation = left_by_last_build(model) if before else ref(model) %}
    select
        '{{ name }}' as pass,
        {{ local_week(pass.clock) }} as week_start
    {%- if is_increment() %}
    from {{ relation }} as units
    where {{ pass.clock }} is not null and units.case_id in (select touched.case_id from {{ cases }} as touched)
    group by {{ local_week(pass.clock) }}
    {%- else %}
    from (select cast(null as timestamp) as {{ pass.clock }}) as units
    where false
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro is_touched_week(passes, week_start='week_start') -%}
    {#-
        The condition that a week may hold other units than before, in the pass or in any of a list of passes of kpi_passes(); true for
        every week where the build isn't an increment. week_start: SQL expression of type date.
    -#}
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
