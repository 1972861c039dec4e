-- Grain: one row per fixed cost of a month that has begun and has no case to carry it.

select
    cast(null as {{ dbt.type_string() }}) as case_id,
    fixed_cost_number,
    month,
    category,
    workflow
from {{ ref('int_fixed_cost__shared') }}
where has_begun and case_count = 0
