-- Grain: one row per as_of that was later than that of any build before it.
-- Kept for good, and written after the figures of its build are published.
-- depends_on: {{ ref('int_kpi__published') }}
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

select run.as_of
from {{ ref('stg_events__as_of') }} as run
{%- if is_incremental() %}
left join {{ this }} as recorded on run.as_of <= recorded.as_of
where run.as_of is not null and recorded.as_of is null
{%- else %}
where run.as_of is not null
{%- endif %}
