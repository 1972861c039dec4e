-- Grain: one row per KPI.

select
    kpi_id,
    title,
    tier,
    unit,
    direction,
    clock,
    numerator,
    denominator,
    source
from {{ ref('stg_reference__kpi_catalog') }}
