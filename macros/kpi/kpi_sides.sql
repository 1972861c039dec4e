{% macro kpi_sides(kpi_id, kpi) %}
    {#-
        What a KPI counts: one side, or two with two clocks, of which the first only adds to the numerator and the second only to the denominator.
        kpi_id, kpi: an entry of kpi_definitions(). Returns: list of dicts with
          kpi_id         the KPI
          of, clock      as in its definition
          counted        condition that a unit fulfils to be counted, besides having a clock
          numerator_if   condition on which the numerator counts the unit too; none where that is no count
          amount         what a counted unit adds to the numerator otherwise; none where it adds nothing
          has_numerator, has_denominator   whether this side adds to them
          is_count       whether the KPI has a numerator alone
          observed       the column that a percentile is taken of; none for the other kinds
    -#}
    {% set sides = [] %}
    {% for side in [kpi, kpi.per] if side %}
        {% set is_second = not loop.first %}
        {% set conditions = [side.denominator or side.where or 'true', kpi.only_where or 'true'] | reject('equalto', 'true') | list %}
        {% do sides.append({
            'kpi_id': kpi_id,
            'of': side.of,
            'clock': side.clock,
            'counted': conditions | join(' and ') or 'true',
            'numerator_if': none if is_second else kpi.numerator if kpi.kind == 'rate' else 'true' if kpi.numerator == '1' else none,
            'amount': none if is_second or kpi.kind == 'rate' or kpi.numerator == '1' else kpi.numerator | default(none),
            'has_numerator': not is_second and kpi.numerator is defined,
            'has_denominator': is_second or (not kpi.per and kpi.kind != 'count'),
            'is_count': kpi.kind == 'count',
            'observed': none if is_second else kpi.observed | default(none),
        }) %}
    {% endfor %}
    {{ return(sides) }}
{% endmacro %}


{% macro sides_of(unit) %}
    {#- The sides of all KPIs that count a kind of unit, by clock. unit: a key of kpi_units(). Returns: dict of clock -> list of kpi_sides(). -#}
    {% set clocks = {} %}
    {% for kpi_id, kpi in kpi_definitions().items() %}
        {% for side in kpi_sides(kpi_id, kpi) if side.of == unit %}
            {% do clocks.setdefault(side.clock, []).append(side) %}
        {% endfor %}
    {% endfor %}
    {{ return(clocks) }}
{% endmacro %}


{% macro is_in_numerator(side) -%}
    {#- Whether a side's numerator counts a unit: an SQL condition. side: an entry of kpi_sides() with `numerator_if`. -#}
    {{ [side.counted, side.numerator_if] | reject('equalto', 'true') | join(' and ') or 'true' }}
{%- endmacro %}


{% macro denominator_of_unit(side) -%}
    {#- What a counted unit adds to its KPI's denominator: 1; 0 where it only adds to the numerator; NULL for a count. side: an entry of kpi_sides(). -#}
    cast({{ '1' if side.has_denominator else 'null' if side.is_count else '0' }} as {{ dbt.type_bigint() }})
{%- endmacro %}


{% macro contribution(side) -%}
    {#-
        What a counted unit adds to its KPI, as the columns numerator (NULL for percentiles), denominator and observed_value (percentiles only).
        side: an entry of kpi_sides().
    -#}
    {%- set numerator = 'case when ' ~ side.numerator_if ~ ' then 1 else 0 end' if side.numerator_if else side.amount or ('null' if side.observed else '0') -%}
    cast({{ numerator }} as {{ type_double() }}) as numerator,
    {{ denominator_of_unit(side) }} as denominator,
    cast({{ side.observed or 'null' }} as {{ type_double() }}) as observed_value
{%- endmacro %}
