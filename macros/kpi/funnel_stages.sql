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


{% macro funnel_stage_number(stage) -%}
    {#- The place of a stage in the funnel, from 1: an integer, NULL for another text. stage: SQL expression of type text. -#}
    case {{ stage }}
        {%- for name in funnel_stages() %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}
