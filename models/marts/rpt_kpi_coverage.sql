-- Grain: one row per KPI.

select
    kpis.kpi_id,
    case
        when count(gaps.gap) = 0 then 'full'
        when count(case when gaps.hides_kpi then 1 end) = 0 then 'partial'
        else 'none'
    end as coverage,
    -- Where a gap hides the KPI, the others don't matter.
    nullif(substr(coalesce(
        {{ sorted_texts("case when gaps.hides_kpi then '; ' || gaps.gap end") }},
        {{ sorted_texts("'; ' || gaps.gap") }}
    ), 3), '') as gaps
from {{ ref('dim_kpi') }} as kpis
left join {{ ref('int_kpi__gaps') }} as gaps on kpis.kpi_id = gaps.kpi_id
group by kpis.kpi_id
