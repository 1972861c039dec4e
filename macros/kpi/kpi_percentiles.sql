{% macro kpi_observations() %}
    {#-
        What percentiles are taken of, once for all KPIs that take one of the same values.
        Returns: dict of kpi_id, the first of those KPIs -> its side as in kpi_sides(), with the list `kpi_ids`.
    -#}
    {% set observations = {} %}
    {% for kpi_id, kpi in kpi_definitions().items() if kpi.observed %}
        {% set side = kpi_sides(kpi_id, kpi)[0] %}
        {% set alike = [] %}
        {% for other in observations.values() if [other.of, other.clock, other.counted, other.observed] == [side.of, side.clock, side.counted, side.observed] %}
            {% do alike.append(other) %}
        {% endfor %}
        {% if alike %}
            {% do alike[0].kpi_ids.append(kpi_id) %}
        {% else %}
            {% do side.update({'kpi_ids': [kpi_id]}) %}
            {% do observations.update({kpi_id: side}) %}
        {% endif %}
    {% endfor %}
    {{ return(observations) }}
{% endmacro %}


{% macro observing_kpis() -%}
    {#- The KPIs that take a percentile as a relation to select from: kpi_id and observed_for, as in int_kpi__observations. May be empty. -#}
    {%- set rows = [] -%}
    {%- for observed_for, side in kpi_observations().items() -%}
        {%- for kpi_id in side.kpi_ids -%}
            {%- do rows.append("('" ~ kpi_id ~ "', '" ~ observed_for ~ "')") -%}
        {%- endfor -%}
    {%- endfor -%}
    (values {{ rows | join(', ') or '(null, null)' }}) as kpis (kpi_id, observed_for)
{%- endmacro %}


{% macro observed_units() %}
    {#- The kinds of units that percentiles are taken of. Returns: list of keys of kpi_units(). -#}
    {{ return(kpi_observations().values() | map(attribute='of') | unique | list) }}
{% endmacro %}


{% macro percentiles_of(unit) -%}
    {#-
        The query of the percentiles over one kind of unit: one row per KPI, week, workflow or (all), and cohort that has a unit. unit: one of observed_units().
        One statement holds all the values that it takes percentiles of in memory, once per cohort dimension.
    -#}
{%- set observed_for = [] -%}
{%- for kpi_id, side in kpi_observations().items() if side.of == unit -%}
    {%- do observed_for.append("'" ~ kpi_id ~ "'") -%}
{%- endfor -%}
with

cells as (
    select
        observed_for,
        week_start,
        {{ cohort_columns() | indent(8) }},
        {{ median_and_p90('observed_value') }} as percentiles
    from {{ ref('int_kpi__observations') }}
    where observed_for in ({{ observed_for | join(', ') or 'null' }})
    group by {{ cohort_grouping_sets(['observed_for', 'week_start']) | indent(4) }} -- noqa: PRS
)

select
    kpis.kpi_id,
    cells.week_start,
    cells.workflow,
    cells.cohort_dimension,
    cells.cohort_value,
    {{ kpi_percentiles() | indent(4) }}
from cells
inner join {{ observing_kpis() }} on cells.observed_for = kpis.observed_for
{%- endmacro %}


{% macro kpi_percentiles() -%}
    {#-
        The columns median_value and p90_value of a KPI: NULL where it is of another kind. Expects the columns kpi_id and percentiles,
        of median_and_p90().
    -#}
    case when kpi_id in ({{ kpis_of_kind(['median']) }}) then {{ array_item('percentiles', 1) }} end as median_value,
    case when kpi_id in ({{ kpis_of_kind(['p90']) }}) then {{ array_item('percentiles', 2) }} end as p90_value
{%- endmacro %}
