-- Grain: one row per case that this build rebuilds; none where it rebuilds all of them.
{{ config(materialized='table') }}

{%- set plan = ref('int_run__planned') %}
{%- set opened = left_by_last_build('int_case__opened') %}
{%- set journeys = left_by_last_build('fct_case_journey') %}
{%- set writebacks = left_by_last_build('int_writeback__verified') %}

with

touched as (
    {%- for table in event_contract() %}
    select case_id
    from {{ ref('stg_events__' ~ table) }}
    where {{ is_new(table) if is_increment() else 'false' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

    {%- if is_increment() %}

    -- Time alone changes these: they have come due, grown mature, or are past the writeback timeout since the last build.
    union all

    select opened.case_id
    from {{ opened }} as opened
    cross join {{ plan }} as plan
    where
        (opened.due_at > plan.last_as_of and opened.due_at <= plan.as_of)
        or (opened.matures_at > plan.last_as_of and opened.matures_at <= plan.as_of)

    union all

    select writebacks.case_id
    from {{ writebacks }} as writebacks
    cross join {{ plan }} as plan
    where
        writebacks.verified_at is null
        and {{ times_out_at('writebacks.last_attempted_at') }} > plan.last_as_of
        and {{ times_out_at('writebacks.last_attempted_at') }} <= plan.as_of

    union all

    select journeys.case_id
    from {{ journeys }} as journeys
    cross join {{ plan }} as plan
    where
        journeys.writeback_count = 0
        and {{ times_out_at('journeys.action_completed_at') }} > plan.last_as_of
        and {{ times_out_at('journeys.action_completed_at') }} <= plan.as_of
    {%- endif %}
)

select case_id
from touched
group by case_id
