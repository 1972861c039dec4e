-- Grain: one row per complete build and sealed model (sealed_models()), as that build left it.
-- Kept for good, and written last: a build that stops before has no row.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

{%- for name in [
    'build_inputs', 'build_log', 'build_reads', 'dim_date', 'dim_kpi', 'dim_run', 'dim_workflow', 'fct_agent_touch', 'fct_case_event', 'fct_case_journey',
    'fct_charge', 'fct_closure', 'fct_definition_difference', 'fct_evidence', 'fct_exception', 'fct_identity_check', 'fct_kpi_contribution', 'fct_message',
    'fct_payment', 'fct_writeback', 'kpi_first_published', 'rpt_alert', 'rpt_backlog_daily', 'rpt_change_effect', 'rpt_cost_weekly', 'rpt_definition_bridge',
    'rpt_fix_priority', 'rpt_funnel_weekly', 'rpt_integrity_violation', 'rpt_kpi_coverage', 'rpt_kpi_period', 'rpt_kpi_restatement', 'rpt_kpi_weekly',
    'rpt_manual_effort_monthly', 'rpt_missing_evidence', 'rpt_open_case', 'rpt_quarantined_event', 'rpt_row_reconciliation', 'rpt_savings_monthly',
    'rpt_scorecard_weekly', 'rpt_signal', 'rpt_target_progress', 'rpt_time_to_resolution_curve', 'rpt_writeback_health_weekly',
] %}
-- depends_on: {{ ref(name) }}
{%- endfor %}
{#- Where only a part of the models was selected nothing is complete, and not every table need be there. #}
{%- set is_complete = execute and not flags.EMPTY and is_whole_build(model.unique_id) %}

with

this_build as (
    select max(build_number) as build_number from {{ ref('build_log') }}
),

contents as (
    {%- if is_complete %}
    {{ sealed_contents() | indent(4) }}
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as model_name,
        cast(null as {{ dbt.type_bigint() }}) as row_count,
        cast(null as {{ dbt.type_string() }}) as content_hash
    where false
    {%- endif %}
){{ ',' if is_incremental() }}
{%- if is_incremental() %}

entries as (
    {{ seal_entries(this) | indent(4) }}
)
{%- endif %}

select
    this_build.build_number,
    run.as_of,
    contents.model_name,
    contents.row_count,
    contents.content_hash,
    {{ engine_version() }} as engine,
    {%- if is_incremental() %}
    (select entries.entry_hash from entries where entries.build_number = (select max(entries.build_number) from entries)) as previous_hash
    {%- else %}
    cast(null as {{ dbt.type_string() }}) as previous_hash
    {%- endif %}
from contents
cross join this_build
cross join {{ ref('stg_events__as_of') }} as run
