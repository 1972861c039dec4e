-- Grain: one row per integrity violation.
{{ config(materialized='incremental', incremental_strategy='touched_violations', on_schema_change='fail') }}

with

violations as (
    {%- for kind, violation in integrity_violations().items() %}
    select
        '{{ kind }}' as kind,
        case_id,
        {{ violation.detail }} as detail
    from {{ violation.of }}
    where {{ violation.where }}{{ ' and ' ~ is_touched() if not violation.across_cases }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    kind,
    case_id,
    detail
from violations
