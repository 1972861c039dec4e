-- Grain: one row per unit and group of KPIs that take a percentile of the same value of it.

with

cases as {{ stored_in_increments() }} (
    select * from {{ ref('int_case__assembled') }}
    where {{ is_changed() }}
)

{% for observed_for, side in kpi_observations().items() %}
select
    '{{ observed_for }}' as observed_for,
    case_id,
    {{ kpi_units()[side.of].unit_id }} as unit_id,
    {{ local_date(side.clock) }} as day,
    {{ local_week(side.clock) }} as week_start,
    cast({{ side.observed }} as {{ type_double() }}) as observed_value,
    workflow,
    {{ cohort_dimensions() | join('_cohort, ') }}_cohort
from {{ units_in_cohorts(side.of, 'cases') }} as units
where {{ side.clock }} is not null and {{ side.counted }}
{{ 'union all' if not loop.last }}
{%- endfor %}
