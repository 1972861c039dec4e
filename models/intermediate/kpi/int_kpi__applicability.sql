-- Grain: one row per KPI and workflow that it can apply to, and one per KPI for (all).

{%- set kpis = kpi_definitions() %}

with

workflows as (
    select * from {{ ref('stg_reference__workflows') }}
),

kpis as (
    select listed.* from (
        values
        {%- for kpi_id, kpi in kpis.items() %}
        ('{{ kpi_id }}', {{ 'true' if kpi.matures else 'false' }}, {{ 'true' if kpi.final_with_month else 'false' }})
        {{- ',' if not loop.last }}
        {%- endfor %}
    ) as listed (kpi_id, is_maturing, is_final_with_month)
),

applied as (
    select
        kpis.*,
        workflows.workflow,
        workflows.maturity_days
    from kpis
    cross join workflows
    where
        true
        {%- for kpi_id, kpi in kpis.items() if kpi.only_where %}
        and (kpis.kpi_id <> '{{ kpi_id }}' or workflows.{{ kpi.only_where }})
        {%- endfor %}

    union all

    select
        kpis.*,
        '(all)' as workflow,
        (select coalesce(max(workflows.maturity_days), 0) from workflows) as maturity_days
    from kpis
)

select
    kpi_id,
    workflow,
    is_final_with_month,
    case
        when is_maturing and maturity_days * 86400 > {{ settling_seconds() }} then cast(maturity_days * 86400 as {{ type_double() }})
        else {{ settling_seconds() }}
    end as lag_seconds
from applied
