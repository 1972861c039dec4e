-- Grain: one row per case that this build rebuilds; none where it rebuilds everything.
-- Only the models that grow read it, through is_changed(). The cases of a build that did not finish stay until one does.
{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ delete_rebuilt_cases() }}", on_schema_change='fail') }}
-- depends_on: {{ ref('stg_events__as_of') }}, {{ ref('build_log') }}, {{ ref('build_reads') }}
{%- for table in event_contract() %}
-- depends_on: {{ raw_relation('events', table, own_relation('events', table)) }}
{%- endfor %}
{%- set cases = earlier_relation('int_case__assembled') if is_incremental() %}

{%- if cases %}
with

changed as (
    {%- for table in event_contract() %}
    select case_id
    from ({{ raw_rows('events', table) | indent(4) }}) as raw_rows
    where loaded_at <= {{ as_of() }} and {{ is_new(table) }}

    union
    {% endfor %}
    -- Time alone changes these: they have come due, grown mature, or are past the writeback timeout since they were built.
    select case_id
    from {{ cases }}
    where changes_at <= {{ as_of() }}
)

select changed.case_id
from changed
where
    changed.case_id is not null
    and changed.case_id not in (select listed.case_id from {{ this }} as listed)
{%- else %}
select cast(null as {{ dbt.type_string() }}) as case_id
where false
{%- endif %}
