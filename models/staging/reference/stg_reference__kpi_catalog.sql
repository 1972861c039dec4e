-- Grain: one row per KPI.

with

raw_rows as (
    {{ raw_rows('reference', 'kpi_catalog') | indent(4) }}
)

select
    kpi_id,
    title,
    tier,
    unit,
    nullif(direction, '') as direction,
    nullif(clock, '') as clock,
    numerator,
    nullif(denominator, '') as denominator,
    nullif(source, '') as source,
    display_order,
    sentence
from raw_rows
