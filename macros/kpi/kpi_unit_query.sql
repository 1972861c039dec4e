{% macro kpi_sides(kpi_id, kpi) %}
    {#-
        What a KPI counts, as SQL: one side, or two with two clocks. kpi_id, kpi: an entry of kpi_definitions().
        Returns: list of dicts with
          kpi_id        the KPI
          of, clock     as in its definition
          counted       list of conditions that a unit fulfils to be counted, besides having a clock; may be empty
          is_counting   whether the numerator counts units, 1 or 0 each; otherwise it is an amount
          numerator     what a counted unit adds to the numerator (null for percentiles)
          denominator   what it adds to the denominator: 1, 0 where it only adds to the numerator, null for a count
          observed      the column that a percentile is taken of; null for the other kinds
    -#}
    {% set sides = [] %}
    {% for side in [kpi, kpi.per] if side %}
        {% set is_second = not loop.first %}
        {% do sides.append({
            'kpi_id': kpi_id,
            'of': side.of,
            'clock': side.clock,
            'counted': [side.denominator or side.where or 'true', kpi.only_where or 'true'] | reject('equalto', 'true') | list,
            'is_counting': is_second or kpi.kind == 'rate',
            'numerator':
                '0' if is_second
                else 'case when ' ~ kpi.numerator ~ ' then 1 else 0 end' if kpi.kind == 'rate'
                else kpi.numerator | default('null'),
            'denominator': '1' if is_second else '0' if kpi.per else 'null' if kpi.kind == 'count' else '1',
            'observed': 'null' if is_second else kpi.observed | default('null'),
        }) %}
    {% endfor %}
    {{ return(sides) }}
{% endmacro %}


{% macro kpi_unit_query(kpi_id, kpi) -%}
    {#-
        The query of the units of one KPI: kpi_id, case_id, unit_id, clock_at, numerator (NULL for percentiles), denominator
        (1 where the unit stands in it, 0 where it only adds to the numerator, NULL for a count) and observed_value
        (percentiles only). kpi_id, kpi: an entry of kpi_definitions().
    -#}
    {%- for side in kpi_sides(kpi_id, kpi) %}
    select
        '{{ side.kpi_id }}' as kpi_id,
        case_id,
        {{ kpi_units()[side.of].unit_id }} as unit_id,
        {{ side.clock }} as clock_at,
        cast({{ side.numerator }} as {{ type_double() }}) as numerator,
        cast({{ side.denominator }} as {{ dbt.type_bigint() }}) as denominator,
        cast({{ side.observed }} as {{ type_double() }}) as observed_value
    from {{ ref(kpi_units()[side.of].model) }}
    where
        {{ ([side.clock ~ ' is not null'] + side.counted) | join('\n        and ') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
