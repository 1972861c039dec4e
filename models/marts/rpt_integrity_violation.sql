-- Grain: one row per integrity violation.

with

violations as (
    {%- for kind, violation in integrity_violations().items() %}
    select
        '{{ kind }}' as kind,
        case_id,
        {{ violation.detail }} as detail
    from {{ violation.of }}
    where {{ violation.where }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    kind,
    case_id,
    detail
from violations
