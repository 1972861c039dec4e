-- Grain: one row per published cell of a period longer than a week: KPI, kind and first day of the period, and workflow or (all).
{{ config(materialized='table') }}

with

scheduled as (
    select * from {{ ref('int_kpi__publication') }}
    where period_kind <> 'week'
),

sums as (
    select * from {{ ref('int_kpi__period_sums') }}
),

filled as (
    select
        scheduled.*,
        {{ filled_sides('scheduled.kpi_id', 'sums') }}
    from scheduled
    left join sums
        on
            scheduled.kpi_id = sums.kpi_id
            and scheduled.workflow = sums.workflow
            and scheduled.period_kind = sums.period_kind
            and scheduled.period_start = sums.period_start
)

select
    *,
    {{ figures() }}
from filled
