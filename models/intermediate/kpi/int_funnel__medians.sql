-- Grain: one row per trigger week, workflow or (all), cohort, and stage whose own event a case has.

-- No time from a trigger to itself.
select
    week_start,
    workflow,
    cohort_dimension,
    cohort_value,
    'triggered' as stage,
    cast(0 as {{ type_double() }}) as median_minutes
from {{ ref('int_funnel__counted') }}
{%- for stage, own_event in funnel_stages().items() if own_event != 'triggered_at' %}

union all

select
    week_start,
    workflow,
    cohort_dimension,
    cohort_value,
    '{{ stage }}' as stage,
    median_minutes
from {{ ref('int_funnel__median_to_' ~ stage) }}
{%- endfor %}
