{% macro funnel_stages() %}
    {#-
        The stages of the funnel in their order.
        Returns: dict of stage name -> the column of int_case__assembled with the moment of the stage's own event.
    -#}
    {{ return({
        'triggered': 'triggered_at',
        'identity_passed': 'identity_passed_at',
        'action_started': 'action_started_at',
        'action_completed': 'action_completed_at',
        'writeback_succeeded': 'resolved_at',
    }) }}
{% endmacro %}


{% macro furthest_funnel_stage() -%}
    {#- The last stage whose own event a case has: a text, never NULL. Expects the columns that funnel_stages() names. -#}
    case
        {%- for name, own_event in (funnel_stages().items() | list)[1:] | reverse %}
        when {{ own_event }} is not null then '{{ name }}'
        {%- endfor %}
        else '{{ funnel_stages() | first }}'
    end
{%- endmacro %}


{% macro funnel_stage_number(stage) -%}
    {#- The place of a stage in the funnel, from 1: an integer, NULL for another text. stage: SQL expression of type text. -#}
    case {{ stage }}
        {%- for name in funnel_stages() %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}


{% macro funnel_median_to(stage) -%}
    {#-
        The query of the median minutes from the trigger to a stage's own event: one row per trigger week, workflow or (all), and cohort with a
        case that has it; before the trigger is below 0. stage: a key of funnel_stages() other than the first.
        One statement holds all the minutes in memory, once per grouping set.
    -#}
{%- set own_event = funnel_stages()[stage] -%}
with

cases as (
    select
        workflow,
        {{ cohort_attributes() | indent(8) }},
        {{ local_week('triggered_at') }} as week_start,
        {{ minutes_between('triggered_at', own_event) }} as minutes
    from {{ ref('int_case__assembled') }}
    where {{ own_event }} is not null
)

select
    week_start,
    {{ cohort_columns() }},
    {{ median('minutes') }} as median_minutes
from cases
group by {{ cohort_grouping_sets(['week_start']) }} -- noqa: PRS
{%- endmacro %}
