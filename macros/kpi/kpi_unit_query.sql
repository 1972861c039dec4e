{% macro kpi_unit_query(kpi_id, kpi) -%}
    {#-
        The query of the units of one KPI: kpi_id, case_id, unit_id, clock_at, numerator (NULL for percentiles), denominator
        (1 where the unit stands in it, 0 where it only adds to the numerator, NULL for a count) and observed_value
        (percentiles only). kpi_id, kpi: an entry of kpi_definitions().
    -#}
    {%- set numerator = 'case when ' ~ kpi.numerator ~ ' then 1 else 0 end' if kpi.kind == 'rate' else kpi.numerator | default('null') -%}
    {{ unit_select(kpi_id, kpi, numerator, 0 if kpi.per else ('null' if kpi.kind == 'count' else 1), kpi.observed | default('null'), kpi.only_where) }}
    {%- if kpi.per %}
    union all
    {{ unit_select(kpi_id, kpi.per, 0, 1, 'null', kpi.only_where) }}
    {%- endif %}
{%- endmacro %}


{% macro unit_select(kpi_id, side, numerator, denominator, observed, only_where) -%}
    {#- One select of kpi_unit_query(). side: dict with `of`, `clock` and `denominator` or `where`; the others: SQL expressions. -#}
    select
        '{{ kpi_id }}' as kpi_id,
        case_id,
        {{ kpi_units()[side.of].unit_id }} as unit_id,
        {{ side.clock }} as clock_at,
        cast({{ numerator }} as {{ type_double() }}) as numerator,
        cast({{ denominator }} as {{ dbt.type_bigint() }}) as denominator,
        cast({{ observed }} as {{ type_double() }}) as observed_value
    from {{ kpi_units()[side.of].relation }}
    where
        {{ side.clock }} is not null
        and {{ side.denominator or side.where or 'true' }}
        {%- if only_where %}
        and {{ only_where }}
        {%- endif %}
{%- endmacro %}
