-- Grain: one row per published figure: KPI, week and workflow or (all), with its first final value.
-- Kept for good: a full refresh leaves it alone, and it lives outside the marts.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}
-- Before anything is published, the database remembers of which events.
-- depends_on: {{ ref('build_log') }}

with

final_cells as (
    select
        kpi_id,
        week_start,
        workflow,
        value
    from {{ ref('int_kpi__cells') }}
    where cohort_dimension = 'all' and not is_provisional
)

select
    final_cells.kpi_id,
    final_cells.week_start,
    final_cells.workflow,
    final_cells.value as published_value,
    {{ as_of() }} as published_as_of
from final_cells
{%- if is_incremental() %}
left join {{ this }} as published
    on
        final_cells.kpi_id = published.kpi_id
        and final_cells.week_start = published.week_start
        and final_cells.workflow = published.workflow
where
    published.kpi_id is null
    and {{ is_latest_build() }}
{%- endif %}
