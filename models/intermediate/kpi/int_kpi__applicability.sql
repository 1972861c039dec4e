-- Grain: one row per KPI and workflow or (all): whether it can apply there, and how long its figures may move.

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
        workflows.maturity_days,
        true
        {%- for kpi_id, kpi in kpis.items() if kpi.only_where %}
        and (kpis.kpi_id <> '{{ kpi_id }}' or workflows.{{ kpi.only_where }})
        {%- endfor %} as can_apply
    from kpis
    cross join workflows

    union all

    select
        kpis.*,
        '(all)' as workflow,
        (select coalesce(max(workflows.maturity_days), 0) from workflows) as maturity_days,
        true as can_apply
    from kpis
)

select
    kpi_id,
    workflow,
    can_apply,
    is_final_with_month,
    case
        when is_maturing and maturity_days * 86400 > {{ settling_seconds() }} then cast(maturity_days * 86400 as {{ type_double() }})
        else {{ settling_seconds() }}
    end as lag_seconds
from applied
