-- Grain: one row per KPI and workflow that it can apply to, and one per KPI for (all).

with

workflows as (
    select * from {{ ref('stg_reference__workflows') }}
),

applied as (
    {%- for kpi_id, kpi in kpi_definitions().items() %}
    select
        '{{ kpi_id }}' as kpi_id,
        workflow,
        {{ 'maturity_days' if kpi.matures else '0' }} as maturity_days,
        {{ 'true' if kpi.final_with_month else 'false' }} as is_final_with_month
    from workflows
    where {{ kpi.only_where | default('true') }}

    union all

    select
        '{{ kpi_id }}' as kpi_id,
        '(all)' as workflow,
        {{ '(select coalesce(max(maturity_days), 0) from workflows)' if kpi.matures else '0' }} as maturity_days,
        {{ 'true' if kpi.final_with_month else 'false' }} as is_final_with_month
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    kpi_id,
    workflow,
    is_final_with_month,
    case
        when maturity_days * 86400 > {{ settling_seconds() }} then cast(maturity_days * 86400 as {{ type_double() }})
        else {{ settling_seconds() }}
    end as lag_seconds
from applied
