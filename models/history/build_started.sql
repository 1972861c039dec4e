-- Grain: one row per whole build that was started, complete or not.
-- Kept for good. The first build writes its own row, note_build_started() that of each later one.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

{%- set seal = left_by_last_build('build_seal') %}

select {{ '1' if seal is none else '(select coalesce(max(sealed.build_number), 0) + 1 from ' ~ seal ~ ' as sealed)' }} as build_number
{%- if is_incremental() %}
where not exists (select 1 from {{ this }})
{%- endif %}
