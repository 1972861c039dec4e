-- Tests the macros cohort_attributes(), cohort_columns() and cohort_grouping_sets(): one row per cell that is missing, superfluous
-- or has not the expected number of cases. The cases of workflows a and b share a product; only that of a has a segment.
{%- set attributes_of = {'a': {'product': "'gold'", 'segment': "'retail'"}, 'b': {'product': "'gold'"}} %}
{%- set expected_cells = [] %}
{%- for dimension in ['all'] + cohort_dimensions() %}
{%- if dimension == 'segment' %}
{%- set cells = [('a', 'retail', 1), ('b', '(none)', 1), ('(all)', 'retail', 1), ('(all)', '(none)', 1)] %}
{%- else %}
{%- set value = {'all': 'all', 'product': 'gold'}.get(dimension, '(none)') %}
{%- set cells = [('a', value, 1), ('b', value, 1), ('(all)', value, 2)] %}
{%- endif %}
{%- for workflow, value, count in cells %}
{%- do expected_cells.append((workflow, dimension, value, count)) %}
{%- endfor %}
{%- endfor %}

with

cases as (
    {%- for workflow, attributes in attributes_of.items() %}
    select
        {%- for dimension in cohort_dimensions() %}
        cast({{ attributes.get(dimension, 'null') }} as {{ dbt.type_string() }}) as {{ dimension }},
        {%- endfor %}
        cast('2026-01-05' as date) as week_start,
        '{{ workflow }}' as workflow
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

units as (
    select
        cases.week_start,
        cases.workflow,
        {{ cohort_attributes('cases') }}
    from cases
),

results as (
    select
        week_start,
        {{ cohort_columns() }},
        count(*) as actual_count
    from units
    group by {{ cohort_grouping_sets(['week_start']) }} -- noqa: PRS
),

expected_cells as (
    {%- for workflow, dimension, value, count in expected_cells %}
    select
        '{{ workflow }}' as workflow,
        '{{ dimension }}' as cohort_dimension,
        '{{ value }}' as cohort_value,
        {{ count }} as expected_count
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    expected_cells.expected_count,
    results.actual_count,
    coalesce(expected_cells.workflow, results.workflow) as workflow,
    coalesce(expected_cells.cohort_dimension, results.cohort_dimension) as cohort_dimension,
    coalesce(expected_cells.cohort_value, results.cohort_value) as cohort_value
from expected_cells
full outer join results
    on
        expected_cells.workflow = results.workflow
        and expected_cells.cohort_dimension = results.cohort_dimension
        and expected_cells.cohort_value = results.cohort_value
where results.actual_count is distinct from expected_cells.expected_count
