-- Grain: one row per local trigger date and SLA length in business days.
{{ config(materialized='table') }}

with

terms as (
    select cast(sla_value as integer) as business_days
    from {{ ref('stg_reference__workflows') }}
    where sla_unit = 'business_days'
    group by sla_value
),

calendar as (
    select * from {{ ref('int_calendar__days') }}
)

{{ business_day_due_dates('calendar', 'terms') }}
