-- Grain: one row per as_of that was later than that of any build before it.
-- Kept for good, and written after the figures of its build are published.
-- depends_on: {{ ref('int_kpi__published') }}
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

select run.as_of
from {{ ref('stg_events__as_of') }} as run
where
    run.as_of is not null
    {%- if is_incremental() %}
    and run.as_of > (select coalesce(max(recorded.as_of), cast('0001-01-01' as timestamp)) from {{ this }} as recorded)
    {%- endif %}
