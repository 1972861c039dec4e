-- Grain: one row per as_of that was later than that of any build before it.
-- Kept for good, and written after the figures of its build are published: a moment with a final figure that isn't is no row.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

with

published as (
    select * from {{ ref('int_kpi__published') }}
),

unpublished as (
    select cells.kpi_id
    from {{ ref('int_kpi__valued') }} as cells
    left join published
        on
            cells.kpi_id = published.kpi_id
            and cells.week_start = published.week_start
            and cells.workflow = published.workflow
    where cells.cohort_dimension = 'all' and not cells.is_provisional and published.kpi_id is null
)

select run.as_of
from {{ ref('stg_events__as_of') }} as run
{%- if is_incremental() %}
left join {{ this }} as recorded on run.as_of <= recorded.as_of
{%- endif %}
where
    run.as_of is not null
    {%- if is_incremental() %}
    and recorded.as_of is null
    {%- endif %}
    and not exists (select 1 from unpublished)
    and coalesce((select max(published.published_as_of) from published) <= run.as_of, true)
