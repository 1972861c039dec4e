-- Grain: one row per pass over the units of KPIs and week that the cases which this build rebuilds stood in before.
{{ config(materialized='table') }}

{%- set noted = left_by_last_build('int_week__left') %}

{{ unit_weeks(before=true) }}
{%- if is_increment() and noted is not none %}

union

-- A build that did not finish may have moved its cases already, and not yet summed again the weeks that they left.
select
    noted.pass,
    noted.week_start
from {{ noted }} as noted
cross join {{ ref('int_run__planned') }} as plan
where plan.plan_number - 1 not in (select completed.plan_number from {{ left_by_last_build('int_run__completed') }} as completed)
{%- endif %}
