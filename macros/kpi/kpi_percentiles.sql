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


{% macro kpi_percentiles() -%}
    {#-
        The columns median_value and p90_value of a KPI: NULL where it is of another kind. Expects the columns kpi_id and percentiles,
        of median_and_p90().
    -#}
    case when kpi_id in ({{ kpis_of_kind(['median']) }}) then {{ array_item('percentiles', 1) }} end as median_value,
    case when kpi_id in ({{ kpis_of_kind(['p90']) }}) then {{ array_item('percentiles', 2) }} end as p90_value
{%- endmacro %}
