-- Grain: one row per KPI and unit that stands in its numerator or denominator.
{{ config(materialized='view') }}

select
    kpi_id,
    case_id,
    unit_id,
    clock_at,
    clock_date,
    week_start,
    workflow,
    numerator,
    denominator,
    observed_value
from {{ ref('int_kpi__contributions') }}
