-- Grain: one row per stage of the funnel, in its order.
{%- set dimension = ask_cohort_dimension('all') %}
{%- set stages = funnel_stages().keys() | list %}
{%- set own_events = funnel_stages().values() | list %}

with

journeys as (
    select * from {{ ref('fct_case_journey') }}
),

cases as (
    select
        *,
        {{ funnel_stage_number('stage') | indent(8) }} as furthest_stage_number
    from journeys
    where
        {{ ask_text('ask_workflow', '(all)') }} in ('(all)', workflow)
        and {{ ask_is_in_cohort(dimension, 'journeys') }}
),

-- A case has been at each stage up to its furthest, by the stage's own event or by a later one.
reached as (
    {%- for stage in stages %}
    {%- set own_event = own_events[loop.index0] %}
    {%- set next_event = 'cast(null as timestamp)' if loop.last else own_events[loop.index] %}
    select
        {{ loop.index }} as stage_number,
        '{{ stage }}' as stage,
        furthest_stage_number = {{ loop.index }} and furthest_stage_number < {{ stages | length }} as is_stopped,
        is_mature,
        {{ minutes_between(own_event, as_of()) }} as minutes_here,
        -- Events that are missing, or came the other way round, don't tell how long a stage took.
        case
            when {{ next_event }} >= {{ own_event }}
                then {{ minutes_between(own_event, next_event) }}
        end as minutes_to_next
    from cases
    where furthest_stage_number >= {{ loop.index }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        stage_number,
        stage,
        count(*) as cases,
        count(case when is_stopped and is_mature then 1 end) as lost_cases,
        count(case when is_stopped and not is_mature then 1 end) as open_cases,
        {{ median('case when is_stopped and not is_mature then minutes_here end') }} as open_minutes_median,
        {{ p90('case when is_stopped and not is_mature then minutes_here end') }} as open_minutes_p90,
        count(minutes_to_next) as timed_cases,
        {{ median('minutes_to_next') }} as minutes_to_next_median,
        {{ p90('minutes_to_next') }} as minutes_to_next_p90
    from reached
    group by stage_number, stage
)

select
    stage,
    cases,
    lost_cases,
    {{ rate('lost_cases', 'cases') }} as lost_share,
    minutes_to_next_median,
    minutes_to_next_p90,
    timed_cases,
    open_cases,
    open_minutes_median,
    open_minutes_p90
from counted
order by stage_number
