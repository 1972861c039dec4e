-- Grain: one row per KPI.

select
    kpi_id,
    title,
    sentence,
    tier,
    display_order,
    unit,
    direction,
    clock,
    numerator as numerator_definition,
    denominator as denominator_definition,
    kpi_id in ({{ maturing_kpis() }}) as matures,
    source
from {{ ref('stg_reference__kpi_catalog') }}
